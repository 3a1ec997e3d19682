package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// file is a file in an archive, or a folder if its name ends in a slash.
type file struct {
	name    string
	mode    int64
	content []byte
	owner   int // the id of user and group; archives of images know it
}

// contents returns what is in the archive of a binary, below one folder.
func (r *release) contents(b *binary) ([]file, error) {
	folder := "carillon_" + r.version + "_" + b.os + "_" + b.arch
	program, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	files := []file{{path.Join(folder, filepath.Base(b.path)), 0o755, program, 0}}
	for _, name := range []string{"CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "docs/install.md"} {
		text, err := os.ReadFile(filepath.Join(r.source, name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{path.Join(folder, path.Base(name)), 0o644, text, 0})
	}
	return append(files, file{path.Join(folder, "LICENSES"), 0o644, b.licenses, 0}), nil
}

// archive packs a binary as its system's users expect it: zip for Windows, else tar.gz.
func (r *release) archive(b *binary) error {
	files, err := r.contents(b)
	if err != nil {
		return err
	}
	if b.os == "windows" {
		packed, err := r.zip(files)
		return errors.Join(err, os.WriteFile(r.name(b.target, ".zip"), packed, 0o644))
	}
	packed, err := r.tar(files)
	if err != nil {
		return err
	}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = w.Write(packed)
	return errors.Join(err, w.Close(), os.WriteFile(r.name(b.target, ".tar.gz"), z.Bytes(), 0o644))
}

func (r *release) tar(files []file) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Uid: f.owner, Gid: f.owner, Size: int64(len(f.content)), ModTime: r.made, Format: tar.FormatUSTAR}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func (r *release) zip(files []file) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: r.made}
		h.SetMode(os.FileMode(f.mode))
		entry, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
