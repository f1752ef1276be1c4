package options

import (
	"fmt"
	"io"

	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// PrintNotes tells what a person should know of the picks though it is no
// failure, such as images created at the same time as the pick.
func PrintNotes(w io.Writer, picks []pipeline.Pick) {
	for _, pick := range picks {
		for _, note := range pick.Notes() {
			fmt.Fprintf(w, "note: pack %s: %s\n", pick.Pack.Name, text.HarmlessLine(note))
		}
	}
}
