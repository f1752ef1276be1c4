package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// writeArchive packs a folder. Names are in order, owners and umask are left
// away, and all files have one time.
func writeArchive(name, stage string, modified time.Time) (err error) {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zip := gzip.NewWriter(file)
	pack := tar.NewWriter(zip)
	err = filepath.WalkDir(stage, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == stage {
			return err
		}
		relative, err := filepath.Rel(stage, path)
		if err != nil {
			return err
		}
		return add(pack, filepath.ToSlash(relative), path, entry, modified)
	})
	return errors.Join(err, pack.Close(), zip.Close())
}

func add(pack *tar.Writer, name, path string, entry fs.DirEntry, modified time.Time) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header := &tar.Header{Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o644, ModTime: modified}
	if info.Mode()&0o100 != 0 {
		header.Mode = 0o755
	}
	if entry.IsDir() {
		header.Typeflag, header.Name, header.Size = tar.TypeDir, name+"/", 0
	}
	if err := pack.WriteHeader(header); err != nil || entry.IsDir() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(pack, file)
	return errors.Join(err, file.Close())
}

func sumOf(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, file.Close())
}
