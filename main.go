// Command kurir carries X-ray photo sets to Bea Cukai and answers about Aju numbers back from T2G.
package main

func main() {}
