// Package bankidsim is a BankID of its own: the Relying Party API v6.0 over mutual TLS, and the
// phone that belongs to it. Nobody in it exists, and every page says so.
//
// It refuses what the real one refuses. Order bodies are checked strictly, an order belongs to the
// client certificate that made it, the animated QR code is checked against its secret and the
// clock, a terminal answer is given once, and a second order for a person who is busy ends both.
// A completed order carries a real XML signature under a chain of certificates made at the first
// start, and an OCSP answer bound to that signature; package bankid verifies them like real ones.
//
// A Sim has two handlers:
//
//	RP     the API, to be served with TLS() on a port of its own
//	Phone  the phone's pages, the address of the app link, and the control API under /_sim/
//
// Certificates live in Config.Folder, so that a restart keeps the world together: root.pem is what
// a relying party trusts, for the server and for people's signatures. ClientCertificate makes a
// relying party's own.
//
// What is left out: orders by telephone (phone/auth, phone/sign) and payments.
//
// Source: BankID Relying Party API v6.0 and its integration guide.
package bankidsim
