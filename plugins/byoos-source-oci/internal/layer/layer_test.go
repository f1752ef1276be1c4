package layer_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/layer"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

const (
	ubuntu22 = "ID=ubuntu\nVERSION_ID=22.04\n"
	ubuntu24 = "ID=ubuntu\nVERSION_ID=24.04\n"
	kairos22 = "KAIROS_FLAVOR=ubuntu\nKAIROS_FLAVOR_RELEASE=22.04\n"
)

type files = registry.Files

func TestOS(t *testing.T) {
	for _, tc := range []struct {
		name   string
		layers []files // from the top
		// version and file are empty when nothing is to be found.
		version, file string
		// read is how many layers are needed.
		read int
	}{
		{"kairos-release wins in one layer", []files{{"etc/kairos-release": kairos22, "etc/os-release": ubuntu24}}, "22.04", "/etc/kairos-release", 1},
		{"top layer first", []files{{"etc/kairos-release": kairos22}, {"etc/os-release": ubuntu24}}, "22.04", "/etc/kairos-release", 1},
		{"layers without it are passed", []files{{"opt/a": "x"}, {"etc/os-release": ubuntu22}, {"a": "b"}}, "22.04", "/etc/os-release", 2},
		{"link within a layer", []files{{"etc/os-release": "-> ../usr/lib/os-release", "usr/lib/os-release": ubuntu22}}, "22.04", "/etc/os-release", 1},
		{"absolute link across layers", []files{{"etc/os-release": "-> /usr/lib/os-release"}, {"usr/lib/os-release": ubuntu22}}, "22.04", "/etc/os-release", 2},
		{"upgrade rewrote the target", []files{{"usr/lib/os-release": ubuntu24}, {"etc/os-release": "-> ../usr/lib/os-release", "usr/lib/os-release": ubuntu22}}, "24.04", "/etc/os-release", 2},
		{"leading dot and slash", []files{{"./etc/os-release": ubuntu22}}, "22.04", "/etc/os-release", 1},
		{"whiteout", []files{{"etc/.wh.kairos-release": "", "etc/.wh.os-release": ""}, {"etc/kairos-release": kairos22, "etc/os-release": ubuntu22}}, "", "", 2},
		{"whiteout of one, the other stands", []files{{"etc/.wh.kairos-release": ""}, {"etc/kairos-release": kairos22, "etc/os-release": ubuntu24}}, "24.04", "/etc/os-release", 2},
		{"whiteout of the folder", []files{{".wh.etc": ""}, {"etc/kairos-release": kairos22}, {"usr/lib/os-release": ubuntu22}}, "22.04", "/usr/lib/os-release", 3},
		{"opaque folder", []files{{"etc/.wh..wh..opq": "", "etc/os-release": ubuntu24}, {"etc/kairos-release": kairos22}}, "24.04", "/etc/os-release", 1},
		{"opaque root", []files{{".wh..wh..opq": "", "a": ""}, {"etc/kairos-release": kairos22}}, "", "", 1},
		{"whiteout and new file in one layer", []files{{"etc/.wh.os-release": "", "etc/os-release": ubuntu24}, {"etc/os-release": ubuntu22}}, "24.04", "/etc/os-release", 1},
		{"folder became a file", []files{{"etc": "now a file"}, {"etc/kairos-release": kairos22}, {"usr/lib/os-release": ubuntu22}}, "22.04", "/usr/lib/os-release", 3},
		{"old kairos has it in os-release", []files{{"etc/os-release": "ID=kairos\n" + kairos22}}, "22.04", "/etc/os-release", 1},
		{"flavor without a release", []files{{"etc/kairos-release": "KAIROS_FLAVOR=ubuntu\n", "etc/os-release": ubuntu22}}, "22.04", "/etc/kairos-release", 1},
		{"flavor of another system", []files{{"etc/kairos-release": "KAIROS_FLAVOR=debian\n", "etc/os-release": ubuntu22}}, "", "/etc/kairos-release", 1},
		{"links in a circle", []files{{"etc/os-release": "-> kairos-release", "etc/kairos-release": "-> os-release", "usr/lib/os-release": ubuntu22}}, "22.04", "/usr/lib/os-release", 1},
		{"link out of the wanted files", []files{{"etc/os-release": "-> /opt/elsewhere"}, {"usr/lib/os-release": ubuntu22}}, "22.04", "/usr/lib/os-release", 2},
		{"a path that climbs", []files{{"../../etc/os-release": ubuntu22}}, "22.04", "/etc/os-release", 1},
		{"too long", []files{{"etc/os-release": ubuntu22 + strings.Repeat("#", 70<<10), "usr/lib/os-release": ubuntu24}}, "24.04", "/usr/lib/os-release", 1},
		{"nothing", []files{{"a": "b"}, {}}, "", "", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			search := layer.NewSearch(layer.OSFiles())
			read := 0
			var os layer.OS
			for _, l := range tc.layers {
				read++
				add(t, search, pack(t, l))
				var ok bool
				if os, ok = layer.OSOf(search); ok || search.Done() {
					break
				}
			}
			if os.Version.Value != tc.version || os.File != tc.file || read != tc.read {
				t.Errorf("got %+v after %d layers, want %s from %s after %d", os, read, tc.version, tc.file, tc.read)
			}
		})
	}
}

func add(t *testing.T, search *layer.Search, archive []byte) {
	t.Helper()
	scan, err := layer.Read(bytes.NewReader(archive), layer.OSFiles())
	if err != nil {
		t.Fatal(err)
	}
	search.Add(scan)
}

// TestLastEntry: of two entries with one name the last one is unpacked over the first.
func TestLastEntry(t *testing.T) {
	for name, tc := range map[string]struct {
		entries []tar.Header
		content []string
		want    string
	}{
		"a file twice": {[]tar.Header{{Name: "etc/kairos-release"}, {Name: "./etc/kairos-release"}}, []string{kairos22, strings.ReplaceAll(kairos22, "22", "24")}, "24.04"},
		"then a link": {[]tar.Header{{Name: "etc/os-release"}, {Name: "usr/lib/os-release"}, {Name: "etc/os-release", Typeflag: tar.TypeSymlink, Linkname: "../usr/lib/os-release"}},
			[]string{ubuntu22, ubuntu24, ""}, "24.04"},
		"then its folder as a file": {[]tar.Header{{Name: "etc/kairos-release"}, {Name: "etc"}, {Name: "usr/lib/os-release"}}, []string{kairos22, "", ubuntu24}, "24.04"},
	} {
		t.Run(name, func(t *testing.T) {
			var archive bytes.Buffer
			w := tar.NewWriter(&archive)
			for i, header := range tc.entries {
				header.Size, header.Mode = int64(len(tc.content[i])), 0o644
				if err := w.WriteHeader(&header); err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(w, tc.content[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			search := layer.NewSearch(layer.OSFiles())
			add(t, search, archive.Bytes())
			add(t, search, pack(t, files{"usr/x": ""}))
			if os, ok := layer.OSOf(search); !ok && !search.Done() || os.Version.Value != tc.want {
				t.Errorf("%+v", os)
			}
		})
	}
}

func pack(t testing.TB, f files) []byte {
	t.Helper()
	archive, err := registry.Tar(f)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func TestOpen(t *testing.T) {
	plain := pack(t, files{"etc/os-release": ubuntu22})
	for name, packed := range map[string][]byte{"plain": plain, "gzip": zip(t, plain), "zstd": zst(t, plain), "empty": nil} {
		r, err := layer.Open(bytes.NewReader(packed), &layer.Budget{Left: 1 << 20})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(r)
		if err != nil || name != "empty" && !bytes.Equal(got, plain) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func zip(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func TestBomb(t *testing.T) {
	zeros := make([]byte, 300<<20)
	for name, packed := range map[string][]byte{"gzip": zip(t, zeros), "zstd": zst(t, zeros)} {
		budget := &layer.Budget{Left: 1 << 40}
		r, err := layer.Open(bytes.NewReader(packed), budget)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if !errors.Is(err, layer.ErrBomb) {
			t.Errorf("%s of %d bytes: read %d, %v", name, len(packed), n, err)
		}
	}
}

func TestBudgetIsShared(t *testing.T) {
	noise := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	budget := &layer.Budget{Left: 3 << 19} // one and a half
	for i, want := range []error{nil, layer.ErrLimit} {
		r, err := layer.Open(bytes.NewReader(noise), budget)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); !errors.Is(err, want) {
			t.Errorf("layer %d: %v, want %v", i, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(pack(f, files{"etc/os-release": "-> ../usr/lib/os-release", "usr/lib/os-release": ubuntu22, "etc/.wh..wh..opq": ""}))
	f.Add(zip(f, pack(f, files{"etc/kairos-release": kairos22})))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := layer.Open(bytes.NewReader(data), &layer.Budget{Left: 8 << 20})
		if err != nil {
			return
		}
		scan, err := layer.Read(r, layer.OSFiles())
		if err != nil {
			return
		}
		search := layer.NewSearch(layer.OSFiles())
		search.Add(scan)
		os, ok := layer.OSOf(search)
		if ok && (os.File == "" || os.Name.Value == "") {
			t.Errorf("%+v", os)
		}
	})
}

func TestDamagedArchive(t *testing.T) {
	archive := pack(t, files{"a": strings.Repeat("x", 2000), "etc/os-release": ubuntu22})
	_, err := layer.Read(bytes.NewReader(archive[:1000]), layer.OSFiles())
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a cut archive: %v", err)
	}
	_, err = layer.Read(strings.NewReader(strings.Repeat("not a tar archive ", 100)), layer.OSFiles())
	if !errors.Is(err, tar.ErrHeader) {
		t.Errorf("no archive: %v", err)
	}
}
