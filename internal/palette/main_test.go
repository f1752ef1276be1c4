package palette_test

import (
	"runtime/debug"
	"testing"
)

// TestMain lets more garbage lie, as the tests decode much and keep little of it.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
