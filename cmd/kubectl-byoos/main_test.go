package main

import (
	"bytes"
	"log"
	"os"
	"testing"
)

// net/http logs what a server sends unasked, such as a body after status 204, in which
// the key may be repeated: nobody scrubs that.
func TestLibrariesLogNothing(t *testing.T) {
	var logged bytes.Buffer
	args, writer := os.Args, log.Writer()
	t.Cleanup(func() {
		os.Args = args
		log.SetOutput(writer)
	})
	log.SetOutput(&logged)
	os.Args = []string{"kubectl-byoos", "version"}
	if code := run(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	log.Print("Unsolicited response received on idle HTTP channel")
	if logged.Len() > 0 {
		t.Errorf("logged %q", logged.String())
	}
}
