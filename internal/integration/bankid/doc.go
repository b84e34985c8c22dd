// Package bankid speaks with Swedish BankID: the Relying Party API v6.0 over mutual TLS, and the
// verification of the signatures that come back.
//
// Client is the wire: typed requests and answers, *APIError for refusals, one attempt per call.
// It never repeats a call by itself, since an answer that got lost may still have had its effect,
// and since BankID gives the final answer of collect only once.
//
// Verifier checks a completed order as if BankID's own word didn't count: both digests and the RSA
// signature of the XML document, the certificate chain up to the configured roots, and the OCSP
// answer with its nonce. It reads the signed text only from the bytes whose digest it has checked.
//
// Provider joins the two and is what the eid package works with.
//
// Only people with a Swedish personal identity number can hold a BankID.
//
// Source: BankID Relying Party API v6.0 (schema 6.1), XML Signature Syntax and Processing,
// Canonical XML 1.0, RFC 6960.
package bankid
