package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	nfpmfiles "github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// packages writes the packages for Debian and for RPM.
func (r *release) packages(b *binary) error {
	return errors.Join(r.pack(b, deb.Default, "deb", "passwd"), r.pack(b, rpm.DefaultRPM, "rpm", "/usr/sbin/useradd"))
}

func (r *release) pack(b *binary, packager nfpm.Packager, form, useradd string) (err error) {
	licenses := filepath.Join(filepath.Dir(b.path), "LICENSES")
	if err := os.WriteFile(licenses, b.licenses, 0o644); err != nil {
		return err
	}
	files := filepath.Join(r.source, "packaging", "files")
	content := func(source, destination string, mode os.FileMode, kind string) *nfpmfiles.Content {
		return &nfpmfiles.Content{
			Source: source, Destination: destination, Type: kind,
			FileInfo: &nfpmfiles.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: r.made},
		}
	}
	const doc = "/usr/share/doc/carillon/"
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "carillon", Arch: b.arch, Platform: "linux", Version: r.version, Release: "1", Section: "net", Priority: "optional",
		Maintainer: "the Carillon authors", License: "Apache-2.0", MTime: r.made,
		Description: "Server behind the administration API of Amazon Chime\nAWS SDKs and the AWS CLI work against it unchanged.",
		Overridables: nfpm.Overridables{
			Depends: []string{useradd},
			Contents: nfpmfiles.Contents{
				content(b.path, "/usr/bin/carillon", 0o755, ""),
				content(filepath.Join(files, "carillon.service"), "/usr/lib/systemd/system/carillon.service", 0o644, ""),
				content(filepath.Join(files, "carillon.env"), "/etc/carillon/carillon.env", 0o600, nfpmfiles.TypeConfigNoReplace),
				content(filepath.Join(r.source, "README.md"), doc+"README.md", 0o644, ""),
				content(filepath.Join(r.source, "CHANGELOG.md"), doc+"CHANGELOG.md", 0o644, ""),
				content(filepath.Join(r.source, "docs", "install.md"), doc+"install.md", 0o644, ""),
				content(filepath.Join(r.source, "LICENSE"), doc+"LICENSE", 0o644, ""),
				content(filepath.Join(r.source, "NOTICE"), doc+"NOTICE", 0o644, ""),
				content(filepath.Join(r.source, "LICENSE"), doc+"copyright", 0o644, ""),
				content(licenses, doc+"LICENSES", 0o644, ""),
			},
			Scripts: nfpm.Scripts{
				PreInstall:  filepath.Join(files, "preinstall"),
				PostInstall: filepath.Join(files, "postinstall."+form),
				PreRemove:   filepath.Join(files, "preremove."+form),
				PostRemove:  filepath.Join(files, "postremove."+form),
			},
			RPM: nfpm.RPM{BuildHost: "localhost", Summary: "Server behind the administration API of Amazon Chime"},
		},
	})
	if err := nfpm.PrepareForPackager(info, form); err != nil {
		return err
	}
	f, err := os.Create(r.name(b.target, "."+form))
	if err != nil {
		return err
	}
	return errors.Join(packager.Package(info, f), f.Close())
}
