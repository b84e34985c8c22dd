// Package cardportal is the cardholder's face: approving what an employer
// ordered, the own cards, activating one, its PIN, blocking it, and the own
// account. Every page works on a small phone with one thumb and without script.
package cardportal
