package cli

import "github.com/spf13/cobra"

// commands are all of kurir's commands.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.runCommand(), a.serviceCommand(), a.sendCommand(), a.pollCommand(), a.retryCommand(),
		a.statusCommand(), a.listCommand(), a.showCommand(), a.journalCommand(),
		a.demoCommand(), a.initCommand(), a.checkCommand(), a.simulateCommand(), a.versionCommand(),
	}
}
