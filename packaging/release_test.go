package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// maxBinary is what a binary may weigh, and so an image.
const maxBinary = 30_000_000

// made is the release that the tests look at: of all targets in continuous integration, elsewhere of the two on which the packages
// and the image are tried.
var made *release

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	folder, err := os.MkdirTemp("", "carillon-release-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if made, err = makeRelease(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func makeRelease(folder string) (*release, error) {
	source, err := filepath.Abs("..")
	if err != nil {
		return nil, err
	}
	when, err := commitTime(context.Background(), source)
	if err != nil {
		return nil, err
	}
	targets := allTargets
	if os.Getenv("CI") == "" {
		targets = []target{{"linux", "amd64"}}
	}
	r := &release{source: source, out: filepath.Join(folder, "dist"), version: "0.0.0-test", made: when, targets: targets}
	return r, r.make(context.Background())
}

// read returns a file of the release.
func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// output runs a command and returns what it printed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// need skips the test where a command is missing, but not in continuous integration.
func need(t *testing.T, command string) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing", command)
		}
		t.Skipf("%s is missing", command)
	}
}

func TestChecksums(t *testing.T) {
	t.Parallel()
	need(t, "sha256sum")
	cmd := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = made.out
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	entries, err := os.ReadDir(made.out)
	if err != nil {
		t.Fatal(err)
	}
	sums := string(read(t, filepath.Join(made.out, "SHA256SUMS")))
	for _, e := range entries {
		if e.Name() != "SHA256SUMS" && !strings.Contains(sums, "  "+e.Name()+"\n") {
			t.Errorf("%s has no checksum", e.Name())
		}
	}
}

// TestArchives unpacks the archives: one program each, of the right kind, with what its licenses ask for.
func TestArchives(t *testing.T) {
	t.Parallel()
	for _, tg := range made.targets {
		name, files := "carillon", untar
		suffix := ".tar.gz"
		if tg.os == "windows" {
			name, suffix, files = "carillon.exe", ".zip", unzip
		}
		top := fmt.Sprintf("carillon_0.0.0-test_%s_%s/", tg.os, tg.arch)
		content := files(t, made.name(tg, suffix))
		for _, want := range []string{name, "CHANGELOG.md", "LICENSE", "LICENSES", "NOTICE", "README.md", "install.md"} {
			if len(content[top+want]) == 0 {
				t.Errorf("%v: %s is missing or empty", tg, want)
			}
		}
		if len(content) != 7 {
			t.Errorf("%v: the archive has %d files, want 7", tg, len(content))
		}
		program := content[top+name]
		if len(program) > maxBinary {
			t.Errorf("%v: the program has %d bytes, more than %d", tg, len(program), maxBinary)
		}
		if bytes.Contains(program, []byte(made.source)) {
			t.Errorf("%v: the program names the folder that it was built in", tg)
		}
		if tg.os == "linux" {
			checkStatic(t, program)
		}
	}
}

func checkStatic(t *testing.T, program []byte) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program is linked dynamically: it has a segment %v", p.Type)
		}
	}
}

func untar(t *testing.T, path string) map[string][]byte {
	t.Helper()
	var in io.Reader = bytes.NewReader(read(t, path))
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		in = z
	}
	files := map[string][]byte{}
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = content
	}
}

func unzip(t *testing.T, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		files[f.Name] = content
	}
	return files
}

// TestBillOfMaterials holds the bill against go.sum: every library is in it, at that version and with that sum.
func TestBillOfMaterials(t *testing.T) {
	t.Parallel()
	sums := string(read(t, filepath.Join(made.source, "go.sum")))
	for _, tg := range made.targets {
		var doc bom
		if err := json.Unmarshal(read(t, made.name(tg, ".cdx.json")), &doc); err != nil {
			t.Fatal(err)
		}
		refs := map[string]bool{}
		for _, c := range doc.Components {
			refs[c.Ref] = true
			if c.Name == "std" {
				continue
			}
			if len(c.Properties) != 1 || !strings.Contains(sums, fmt.Sprintf("%s %s %s\n", c.Name, c.Version, c.Properties[0].Value)) {
				t.Errorf("%v: %s is not in go.sum as %v", tg, c.Ref, c.Properties)
			}
		}
		for _, want := range []string{"github.com/alecthomas/kong", "modernc.org/sqlite", "github.com/jackc/pgx/v5"} {
			if !slices.ContainsFunc(doc.Components, func(c component) bool { return c.Name == want }) {
				t.Errorf("%v: %s is missing", tg, want)
			}
		}
		if linked := doc.Dependencies[0].DependsOn; len(linked) != len(refs) || len(refs) != len(doc.Components) {
			t.Errorf("%v: %d components, %d of them different, %d linked", tg, len(doc.Components), len(refs), len(linked))
		}
	}
}

// TestReproducible makes the release for one target again: from a copy of the sources in another folder, and in continuous
// integration without anything that was compiled before.
func TestReproducible(t *testing.T) {
	t.Parallel()
	again := &release{
		source: filepath.Join(t.TempDir(), "elsewhere"), out: filepath.Join(t.TempDir(), "dist"), version: made.version, made: made.made,
		targets: []target{{"linux", "amd64"}},
	}
	if os.Getenv("CI") != "" {
		again.env = []string{"GOCACHE=" + t.TempDir()}
	}
	for _, name := range strings.Split(output(t, "git", "-C", made.source, "ls-files", "--cached", "--others", "--exclude-standard"), "\n") {
		from, to := filepath.Join(made.source, name), filepath.Join(again.source, name)
		if info, err := os.Stat(from); err != nil || info.IsDir() { // one that was removed, or the last empty line
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, read(t, from), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := again.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{".tar.gz", ".deb", ".rpm", ".cdx.json"} {
		first, second := read(t, made.name(again.targets[0], suffix)), read(t, again.name(again.targets[0], suffix))
		if !bytes.Equal(first, second) {
			t.Errorf("the %s differs: %d bytes, then %d", suffix, len(first), len(second))
		}
	}
	first, second := untar(t, made.imagePath()), untar(t, again.imagePath())
	same := 0
	for name, content := range second {
		if bytes.Equal(first[name], content) {
			same++
		}
	}
	// The layer, its config and its manifest, and the file oci-layout. What lists the images differs where there are more.
	if same < 4 {
		t.Errorf("of the image %d files are the same, want the layer, the config, the manifest and the version of the layout", same)
	}
}

// TestImage reads the layout as container engines do.
func TestImage(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range untar(t, made.imagePath()) {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	top, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := top.IndexManifest()
	if err != nil || len(listed.Manifests) != 1 {
		t.Fatalf("the layout lists %v: %v", listed, err)
	}
	index, err := top.ImageIndex(listed.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	images, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range images.Manifests {
		image, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.OS != "linux" || config.Architecture != m.Platform.Architecture {
			t.Errorf("the image for %v is of %s/%s", m.Platform, config.OS, config.Architecture)
		}
		if config.Config.User != "65532:65532" || !slices.Contains(config.Config.Env, "CARILLON_LISTEN=0.0.0.0:24463") {
			t.Errorf("user %s, environment %v", config.Config.User, config.Config.Env)
		}
		if root := unpackImage(t, image); config.Architecture == "amd64" {
			runImage(t, root, config.Config)
		}
		seen++
	}
	want := 0
	for _, tg := range made.targets {
		if tg.os == "linux" {
			want++
		}
	}
	if seen != want {
		t.Errorf("the index has %d images, want %d", seen, want)
	}
}

// unpackImage lays out the one layer of an image, which weighs no more than a binary may.
func unpackImage(t *testing.T, image v1.Image) (root string) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers: %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	root = t.TempDir()
	var names []string
	var size int64
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names, size = append(names, h.Name), size+h.Size
		path := filepath.Join(root, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.Mkdir(path, 0o700)
		} else {
			content, readErr := io.ReadAll(r)
			err = errors.Join(readErr, os.WriteFile(path, content, 0o600))
		}
		err = errors.Join(err, os.Chmod(path, h.FileInfo().Mode()))
		if os.Getuid() == 0 {
			err = errors.Join(err, os.Chown(path, h.Uid, h.Gid))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"carillon", "data/", "tmp/"}
	if !slices.Equal(names, want) || size > maxBinary {
		t.Errorf("the image holds %v in %d bytes, want %v in %d at most", names, size, want, maxBinary)
	}
	return root
}
