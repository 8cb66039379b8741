package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"time"
)

// file is one of an archive.
type file struct {
	name    string
	mode    int64
	content []byte
}

// archive packs the files for a platform, and returns the archive with its name.
func (r *makingOf) archive(files []file, system, processor string) (name string, content []byte, err error) {
	folder, extension, pack := fmt.Sprintf("tidings-%s-%s-%s", r.version, system, processor), ".tar.gz", packTar
	if system == "windows" {
		extension, pack = ".zip", packZip
	}
	var packed bytes.Buffer
	if err := pack(&packed, folder, files, r.date); err != nil {
		return "", nil, fmt.Errorf("pack: %w", err)
	}
	return folder + extension, packed.Bytes(), nil
}

func packTar(to io.Writer, folder string, files []file, date time.Time) error {
	compressed, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: path.Join(folder, f.name), Mode: f.mode, Size: int64(len(f.content)), ModTime: date}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func packZip(to io.Writer, folder string, files []file, date time.Time) error {
	archive := zip.NewWriter(to)
	for _, f := range files {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: path.Join(folder, f.name), Method: zip.Deflate, Modified: date})
		if err != nil {
			return err
		}
		if _, err := w.Write(f.content); err != nil {
			return err
		}
	}
	return archive.Close()
}
