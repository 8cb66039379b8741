package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
)

// file is one of an archive.
type file struct {
	name    string
	mode    int64
	content []byte
}

// archive builds for a platform and returns the archive with its name.
func archive(version, platform string, date time.Time) (name string, content []byte, err error) {
	system, processor, _ := strings.Cut(platform, "/")
	binary, err := build(version, system, processor)
	if err != nil {
		return "", nil, err
	}
	notices, err := licenses(system, processor)
	if err != nil {
		return "", nil, err
	}
	files := []file{{"tidings", 0o755, binary}, {"THIRD-PARTY-LICENSES", 0o644, notices}}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", nil, err
		}
		files = append(files, file{name, 0o644, text})
	}
	folder, extension, pack := fmt.Sprintf("tidings-%s-%s-%s", version, system, processor), ".tar.gz", packTar
	if system == "windows" {
		files[0].name, extension, pack = "tidings.exe", ".zip", packZip
	}
	var packed bytes.Buffer
	if err := pack(&packed, folder, files, date); err != nil {
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
