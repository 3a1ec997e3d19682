package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageUser is nobody's id on a host; a name would need a file in the image.
const imageUser = 65532

// image writes an image for each of the binaries, under one index, as a tar of an OCI layout.
func (r *release) image(binaries []*binary, work string) error {
	var index v1.ImageIndex = mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range binaries {
		image, err := r.imageOf(b)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: b.os, Architecture: b.arch}},
		})
	}
	index = mutate.Annotations(index, map[string]string{"org.opencontainers.image.version": r.version}).(v1.ImageIndex)
	// The layout names the index, so that the tools that load it have something to call it by.
	top := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: index, Descriptor: v1.Descriptor{Annotations: map[string]string{"org.opencontainers.image.ref.name": r.version}},
	})
	folder := filepath.Join(work, "image")
	if _, err := layout.Write(folder, top); err != nil {
		return err
	}
	var files []file
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		files = append(files, file{filepath.ToSlash(name), 0o644, content, 0})
		return err
	})
	if err != nil {
		return err
	}
	packed, err := r.tar(files)
	return errors.Join(err, os.WriteFile(r.imagePath(), packed, 0o644))
}

func (r *release) imagePath() string { return filepath.Join(r.out, "carillon_"+r.version+"_image.tar") }

// imageOf makes an image from nothing: the program and two empty folders.
func (r *release) imageOf(b *binary) (v1.Image, error) {
	content, err := r.layer(b)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(9))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: r.made}, Comment: "carillon " + r.version}})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, r.imageConfig(b, image))
}

// imageConfig adds to the config of an image how it is run.
func (r *release) imageConfig(b *binary, image v1.Image) *v1.ConfigFile {
	made, err := image.ConfigFile()
	if err != nil {
		panic(err) // it was made from values in memory a moment ago
	}
	c := made.DeepCopy()
	c.Created, c.OS, c.Architecture = v1.Time{Time: r.made}, b.os, b.arch
	c.Config = v1.Config{
		User:         "65532:65532",
		Entrypoint:   []string{"/carillon"},
		Cmd:          []string{"serve"},
		Env:          []string{"PATH=/", "CARILLON_LISTEN=0.0.0.0:24463", "CARILLON_DATA=/data"},
		ExposedPorts: map[string]struct{}{"24463/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		WorkingDir:   "/",
		StopSignal:   "SIGTERM",
		Healthcheck: &v1.HealthConfig{
			Test: []string{"CMD", "/carillon", "health"}, Interval: 30 * time.Second, Timeout: 6 * time.Second, StartPeriod: 10 * time.Second, Retries: 3,
		},
		Labels: map[string]string{
			"org.opencontainers.image.title": "carillon", "org.opencontainers.image.version": r.version, "org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	return c
}

// layer returns the tar of the image's one layer.
func (r *release) layer(b *binary) ([]byte, error) {
	program, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	return r.tar([]file{{"carillon", 0o755, program, 0}, {"data/", 0o700, nil, imageUser}, {"tmp/", 0o1777, nil, 0}})
}
