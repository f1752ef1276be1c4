//go:build unix

package run

import (
	"io/fs"
	"strings"
	"testing"
)

// What a path must be is said to who has another one, and got /tmp in its place.
func TestAdviceOnTheTemporaryDirectory(t *testing.T) {
	const advice = "set TMPDIR to a directory that you may write to"
	for tmp, want := range map[string]string{
		"/none":                       advice,
		"/a|b":                        advice + ", with a path of less than 66 bytes and no | in it",
		"/" + strings.Repeat("x", 65): advice + ", with a path of less than 66 bytes and no | in it",
	} {
		t.Setenv("TMPDIR", tmp)
		if got := (Program{}).noTempDir(fs.ErrPermission); got.Next != want || !strings.Contains(got.Error(), SocketParent()+" cannot be used") {
			t.Errorf("%s: %v, next %q", tmp, got, got.Next)
		}
	}
}
