// Package neighbours has BankID, the mail server and the bureau fail, each in
// five ways, behind a proxy that the running product talks to: they refuse,
// hang, answer 500, answer nonsense, and answer after the time-out.
//
// Each time: only what needs the neighbour stops, with honest words; afterwards
// everything goes on by itself, and nothing is lost or done twice.
package neighbours
