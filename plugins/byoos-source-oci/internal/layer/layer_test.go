package layer_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

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
		{"says nothing", []files{{"etc/os-release": "NAME=x", "usr/lib/os-release": ubuntu24}}, "24.04", "/usr/lib/os-release", 1},
		{"one without a version, and another system", []files{{"etc/kairos-release": "KAIROS_FLAVOR=debian\n", "etc/os-release": "ID=debian\n", "usr/lib/os-release": ubuntu24}}, "", "/etc/kairos-release", 1},
		{"links to links", []files{{"etc/kairos-release": "-> os-release", "etc/os-release": "-> /usr/lib/os-release", "usr/lib/os-release": ubuntu24}}, "24.04", "/etc/kairos-release", 1},
		{"as long as may be", []files{{"etc/os-release": ubuntu22 + strings.Repeat("#", 64<<10-len(ubuntu22))}}, "22.04", "/etc/os-release", 1},
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
		"a hard link": {[]tar.Header{{Name: "etc/kairos-release", Typeflag: tar.TypeLink, Linkname: "./usr/lib/os-release"}, {Name: "etc/os-release"}, {Name: "usr/lib/os-release"}},
			[]string{"", ubuntu22, ubuntu24}, "24.04"},
		"a folder of that name": {[]tar.Header{{Name: "etc/os-release"}, {Name: "etc/os-release", Typeflag: tar.TypeDir}, {Name: "usr/lib/os-release"}},
			[]string{ubuntu22, "", ubuntu24}, "24.04"},
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
	broken := errors.New("broken")
	for name, r := range map[string]io.Reader{"read": iotest.ErrReader(broken), "unpack": strings.NewReader("\x1f\x8bno gzip")} {
		if _, err := layer.Open(r, &layer.Budget{Left: 1 << 20}); !strings.HasPrefix(fmt.Sprint(err), name+" layer: ") || name == "read" != errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
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
	const harmless = 64 << 20
	zeros := make([]byte, harmless+4<<20)
	for name, tc := range map[string]struct {
		packed []byte
		want   error
	}{
		"plain":         {zeros, nil},
		"gzip":          {zip(t, zeros[:harmless+1]), layer.ErrBomb},
		"zstd":          {zst(t, zeros[:harmless+1]), layer.ErrBomb},
		"not too large": {zst(t, zeros[:harmless]), nil},
		"200 times":     {padded(t, zeros[:200*340_000+199], 340_000), nil},
		"201 times":     {padded(t, zeros[:201*340_000], 340_000), layer.ErrBomb},
	} {
		budget := &layer.Budget{Left: 1 << 40}
		r, err := layer.Open(bytes.NewReader(tc.packed), budget)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s of %d bytes: read %d, %v", name, len(tc.packed), n, err)
		}
	}
}

// padded is an archive of some length, by a frame that has no content.
func padded(t *testing.T, data []byte, length int) []byte {
	t.Helper()
	frame := zst(t, data)
	skipped := make([]byte, length-len(frame))
	copy(skipped, zst(t, nil))
	at := len(zst(t, nil))
	binary.LittleEndian.PutUint32(skipped[at:], 0x184d2a50)
	binary.LittleEndian.PutUint32(skipped[at+4:], uint32(len(skipped)-at-8))
	return append(skipped, frame...)
}

func TestBudgetIsShared(t *testing.T) {
	noise := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	budget := &layer.Budget{Left: 2 << 20}
	for i, want := range []error{nil, nil, layer.ErrLimit} {
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
	for _, name := range []string{"a", "etc/os-release"} {
		archive := pack(t, files{name: strings.Repeat("x", 2000)})
		if _, err := layer.Read(bytes.NewReader(archive[:1000]), layer.OSFiles()); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("an archive that is cut in %s: %v", name, err)
		}
	}
	_, err := layer.Read(strings.NewReader(strings.Repeat("not a tar archive ", 100)), layer.OSFiles())
	if !errors.Is(err, tar.ErrHeader) {
		t.Errorf("no archive: %v", err)
	}
}

// counter counts what is read of an archive, where more could be passed over.
type counter struct {
	io.ReadSeeker
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	c.n += n
	return n, err
}

// Other files are not read: a layer has ten thousands, and they would be kept.
func TestOtherFilesAreNotRead(t *testing.T) {
	archive := &counter{ReadSeeker: bytes.NewReader(pack(t, files{"a": strings.Repeat("x", 60<<10), "etc/os-release": ubuntu22}))}
	if _, err := layer.Read(archive, layer.OSFiles()); err != nil || archive.n > 10<<10 {
		t.Errorf("%d bytes are read, %v", archive.n, err)
	}
}
