// Package seal encrypts what the database must not show by itself (personal numbers, PINs, pictures) and makes keyed
// hashes of what has to be found again. The keys live in one key file outside the database: who has only a copy of the
// database has neither.
//
// # Sealing
//
// [Keeper.Seal] binds the bytes to a purpose ("person.number") and to the id of the row that holds them, as associated
// data. A sealed value that is copied to another row or used for another purpose doesn't open ([ErrNotOpened]). The
// purpose is a constant of the calling package and contains no "|".
//
// # Keys and their change
//
// The file holds several sealing keys, of which one is the primary. [Keeper.Rotate] adds a new primary: from then on it
// seals, while older keys still open what they sealed. [Keeper.Current] tells what is still under an older key, so that a
// job can seal it anew. A Keeper that meets a value it can't open looks whether the file has changed and reads it again:
// a server need not be restarted after "kortverk keys rotate", and nodes that share the file follow each other.
//
// Hashes ([Keeper.Hash]) and derived keys ([Keeper.Derive]) come from a separate key, which Rotate leaves alone, because
// the hashes stand in unique indexes. Purposes are kept apart by HKDF-SHA-256: the same number gives unrelated hashes for
// two purposes.
//
// # The key file
//
// JSON, mode 0600, its folder and backup are the deployment's duty: without the file every sealed value is lost.
//
//	{
//	  "version":  1,
//	  "wrap_key": "…",   // base64, 32 bytes; encrypts the key set below
//	  "key_set":  "…",   // base64, a Tink key set of AES256-GCM keys, encrypted with AES-256-GCM by wrap_key,
//	                     // associated data "kortverk key set v1"
//	  "hash_key": "…"    // base64, 32 bytes; source of all hashes and derived keys
//	}
//
// The key set is wrapped although its wrapping key lies beside it, so that a deployment which gets a hardware module can
// move that one key there without touching sealed data. A sealed value is Tink's format: 0x01, four bytes key id, twelve
// bytes nonce, ciphertext, sixteen bytes tag: 33 bytes longer than the plain value.
//
// Open refuses a file that others than its owner may read.
package seal
