package main

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// bill is a software bill of materials: https://cyclonedx.org/docs/1.6/json/
type bill struct {
	Schema   string `json:"$schema"`
	Format   string `json:"bomFormat"`
	Spec     string `json:"specVersion"`
	Version  int    `json:"version"`
	Metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	} `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type component struct {
	Ref     string `json:"bom-ref"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// billOfMaterials writes what the binary was made of, as the binary itself says.
func (r *makingOf) billOfMaterials(system, processor string) error {
	info, err := buildinfo.ReadFile(r.path("tidings"))
	if err != nil {
		return err
	}
	main := moduleComponent(info.Main.Path, "v"+r.version, "")
	main.Type = "application"
	made := bill{Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1}
	made.Metadata.Timestamp, made.Metadata.Component = r.date.Format(time.RFC3339), main
	made.Components = []component{{Ref: "go", Type: "library", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		made.Components = append(made.Components, moduleComponent(module.Path, module.Version, module.Sum))
	}
	needed := dependency{Ref: main.Ref}
	for _, c := range made.Components {
		needed.DependsOn = append(needed.DependsOn, c.Ref)
	}
	made.Dependencies = []dependency{needed}
	text, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return err
	}
	return r.write(fmt.Sprintf("tidings-%s-%s-%s.cdx.json", r.version, system, processor), append(text, '\n'))
}

// moduleComponent describes a module. Its sum is a SHA-256 (h1) in base64.
func moduleComponent(path, version, sum string) component {
	purl := "pkg:golang/" + path + "@" + version
	c := component{Ref: purl, Type: "library", Name: path, Version: version, PURL: purl}
	if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:")); err == nil && len(raw) > 0 {
		c.Hashes = []hash{{"SHA-256", hex.EncodeToString(raw)}}
	}
	return c
}
