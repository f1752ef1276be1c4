package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// paletteKey must be in no output and no file of any script.
const paletteKey = "c4n4ry-e2e-0123456789abcdef"

// palettes holds the fake Palette of each running script.
type palettes struct{ byScript sync.Map }

// command is a script's word to its fake Palette:
//
//	palette start STATE                      serve it; the variables point there
//	palette values PROFILE VERSION PACK SIDE FILE   write a layer's values
//	palette writes FILE                      list requests that changed something
//	palette forget                           begin that list anew
//	palette fault N KIND                     make the n-th next request fail
//	palette edit PROFILE VERSION PACK TEXT   change a layer as somebody else
//	palette key                              write the key to palette.key
//	palette check                            no request was other than described,
//	                                         and the key is in no file
func (p *palettes) command(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: palette start|values|writes|forget|fault|edit|check")
	}
	if args[0] == "start" {
		p.start(ts, args[1])
		return
	}
	loaded, ok := p.byScript.Load(ts)
	if !ok {
		ts.Fatalf("palette start comes first")
	}
	server := loaded.(*fakepalette.Server)
	switch args[0] {
	case "values":
		writeValues(ts, server, args[1:])
	case "writes":
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(writes(server)), 0o600))
	case "forget":
		server.Forget()
	case "fault":
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		server.Fail(n, fakepalette.Fault(args[2]))
	case "edit":
		editLayer(ts, server, args[1:])
	case "key":
		ts.Check(os.WriteFile(ts.MkAbs("palette.key"), []byte(paletteKey+"\n"), 0o600))
	case "check":
		if v := server.Violations(); len(v) > 0 {
			ts.Fatalf("not as Palette's API description says:\n%s", strings.Join(v, "\n"))
		}
		checkFiles(ts)
	default:
		ts.Fatalf("unknown: palette %s", args[0])
	}
}

func (p *palettes) start(ts *testscript.TestScript, file string) {
	var state fakepalette.State
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &state))
	// Long values are files of the script, as JSON shows no lines.
	for _, profile := range state.Profiles {
		for i, layer := range profile.Published {
			if name, ok := strings.CutPrefix(layer.Values, "file:"); ok {
				profile.Published[i].Values = ts.ReadFile(name)
			}
		}
	}
	server, err := fakepalette.New(state)
	ts.Check(err)
	server.Key = paletteKey
	server.Pause(func(int, fakepalette.Call) {
		if process := processWithKey(); process != "" {
			ts.Logf("the API key is in the list of processes: %s", process)
			server.Violate("the API key is in the list of processes")
		}
	})
	listener := httptest.NewServer(server)
	p.byScript.Store(ts, server)
	ts.Defer(func() {
		listener.Close()
		p.byScript.Delete(ts)
	})
	ts.Setenv("SPECTROCLOUD_HOST", listener.URL)
	ts.Setenv("SPECTROCLOUD_APIKEY", paletteKey)
}

func writeValues(ts *testscript.TestScript, server *fakepalette.Server, args []string) {
	if len(args) != 5 {
		ts.Fatalf("usage: palette values PROFILE VERSION PACK draft|published FILE")
	}
	state := server.State()
	profile := state.Profile(args[0], args[1])
	if profile == nil {
		ts.Fatalf("there is no profile %s %s", args[0], args[1])
	}
	layer := profile.Layer(args[2], args[3] == "draft")
	if layer == nil {
		ts.Fatalf("profile %s %s has no %s layer %s", args[0], args[1], args[3], args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[4]), []byte(layer.Values), 0o600))
}

func writes(server *fakepalette.Server) string {
	var b strings.Builder
	for _, call := range server.Calls() {
		if call.Writes() {
			fmt.Fprintf(&b, "%s %s\n", call.Method, call.Path)
		}
	}
	return b.String()
}

func editLayer(ts *testscript.TestScript, server *fakepalette.Server, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: palette edit PROFILE VERSION PACK TEXT")
	}
	server.Change(func(state *fakepalette.State) {
		profile := state.Profile(args[0], args[1])
		if profile.Draft == nil {
			profile.Draft = slices.Clone(profile.Published)
		}
		profile.Layer(args[2], true).Values += args[3] + "\n"
	})
}

// processWithKey looks at all command lines while the program waits for an
// answer; it finds nothing where there is no /proc.
func processWithKey() string {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return ""
	}
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), paletteKey) {
			return strings.ReplaceAll(string(line), paletteKey, "KEY")
		}
	}
	return ""
}

// checkFiles looks for the key in all that the program may have written.
func checkFiles(ts *testscript.TestScript) {
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, entry fs.DirEntry, err error) error {
		// The file that the script itself wrote the key to.
		if err != nil || !entry.Type().IsRegular() || entry.Name() == "palette.key" {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), paletteKey) {
			err = fmt.Errorf("the API key is in %s", path)
		}
		return err
	}))
}
