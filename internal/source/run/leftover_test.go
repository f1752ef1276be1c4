package run

import (
	"os"
	"testing"
)

func BenchmarkRemoveLeftovers(b *testing.B) {
	tmp := b.TempDir()
	for i := range 500 {
		f, err := os.CreateTemp(tmp, "other")
		if err != nil {
			b.Fatal(err)
		}
		_ = f.Close()
		if i%10 == 0 {
			if _, err := os.MkdirTemp(tmp, "plugin-dir"); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		removeLeftovers(tmp)
	}
}
