// Package crashtest shows from outside that nothing is lost and nothing is sent twice, with the built binary, real folders
// and the simulator: killed at every durable step (matrix_test.go), over a line that cuts, stalls, delays and lies
// (unknown_test.go), and stopped at bad moments (shutdown_test.go).
//
// The product holds no code for it. points_test.go finds every durable step in the product's sources, and
// instrument_test.go builds a binary in which each of them passes through testdata/crashpoint, which can kill the process
// there. So a new step is a new crash point without anybody thinking of it; one that no scenario reaches fails the test.
package crashtest
