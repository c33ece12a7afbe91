//go:build !js

package main

// main is never called: hosts call _initialize, then the exports.
func main() {}
