// Command kurir carries X-ray photo sets to Bea Cukai and answers about Aju numbers back from T2G.
package main

import (
	"context"
	"os"

	"kurir/agent/cli"
)

func main() { os.Exit(cli.Main(context.Background(), cli.OS())) }
