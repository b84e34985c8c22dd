// Package smtp hands mails to a mail server: notify's Sender over SMTP
// (RFC 5321), one connection per mail.
//
// TLS is mandatory, by STARTTLS or from the first byte; "off" is taken only
// for a server on this machine, such as the simulator in smtpsim. A mail is
// refused (notify.refused, with the server's reply) when the server says no for
// good to the recipient or the content; everything else, our own sign-in and
// sender address included, is notify.unreachable and may be tried again once
// it is put right.
package smtp
