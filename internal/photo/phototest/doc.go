// Package phototest makes files for those who take pictures in: sound ones of every kind that cameras, scanners and print
// shops write, and hostile ones that ask for too much memory or time, lie about what they are, or carry something along.
//
//	for _, f := range phototest.Files() { … f.Data, f.Code … }
//
// All are made by code, from a portrait of a few lines. Where Go has no encoder (CMYK, progressive, arithmetic, 12 bits),
// [JPEG] writes the format by hand: its blocks have no detail, so that a scan is six bits a block.
//
// What is meant to be found again afterwards has the word [Canary] in it.
package phototest
