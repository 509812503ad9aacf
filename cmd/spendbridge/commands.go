package main

import "github.com/spf13/cobra"

// commands lists every command in the order of the work. Each has a file of
// its own that is named after it.
var commands = []func(*app) *cobra.Command{
	newDemoCmd,
	newInitCmd,
	newRunCmd,
	newExtractCmd,
	newBackfillCmd,
	newTransformCmd,
	newLoadCmd,
	newExplainCmd,
	newQuarantineCmd,
	newSettleCmd,
	newVerifyCmd,
	newVendorsCmd,
	newQueryCmd,
	newDoctorCmd,
	newScheduleCmd,
	newStatusCmd,
	newReportCmd,
	newPruneCmd,
	newSandboxCmd,
	newVersionCmd,
}
