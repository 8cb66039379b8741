package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/tidings-io/tidings/internal/auth"
)

type userCommand struct {
	AuthID string   `arg:"" name:"authid" help:"The user id."`
	Name   string   `help:"Display name." placeholder:"NAME"`
	Role   []string `help:"A role; may be given several times, the first is the WAMP authrole." placeholder:"ROLE"`
	Tenant string   `help:"Tenant." placeholder:"TENANT"`
	Method []string `help:"Methods to log in by: ticket (password), wampcra, wamp-scram, cryptosign." enum:"ticket,wampcra,wamp-scram,cryptosign" default:"wamp-scram" placeholder:"METHOD"`
	outputFlag
}

// Help is shown by --help.
func (userCommand) Help() string {
	return `Examples:
  tidings user ann --role staff
  tidings user ann --method ticket,wampcra,wamp-scram < password.txt
  tidings user robot --method cryptosign

The password is asked for, or is the first line of the standard input; it is never an argument, which
others on the machine could read. For cryptosign a key pair is made; the private key is shown once.`
}

// entry is a user in the notation of the configuration.
type entry struct {
	AuthID     string      `json:"authid"`
	Name       string      `json:"name,omitempty"`
	Roles      []string    `json:"roles,omitempty"`
	Tenant     string      `json:"tenant,omitempty"`
	Password   string      `json:"password,omitempty"`
	CRA        *craEntry   `json:"wampcra,omitempty"`
	SCRAM      *scramEntry `json:"scram,omitempty"`
	Cryptosign []string    `json:"cryptosign,omitempty"`
}

type craEntry struct {
	Key        string `json:"key"`
	Salt       string `json:"salt"`
	Iterations int    `json:"iterations"`
	KeyLen     int    `json:"keylen"`
}

type scramEntry struct {
	Salt       string `json:"salt"`
	KDF        string `json:"kdf"`
	Iterations int    `json:"iterations"`
	Memory     int    `json:"memory"`
	StoredKey  string `json:"stored_key"`
	ServerKey  string `json:"server_key"`
}

// Run is called by kong.
func (c *userCommand) Run(s streams) error {
	made := entry{AuthID: c.AuthID, Name: c.Name, Roles: c.Role, Tenant: c.Tenant}
	var private string
	if slices.Contains(c.Method, "cryptosign") {
		public, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return fmt.Errorf("make a key pair: %w", err)
		}
		private, made.Cryptosign = hex.EncodeToString(key.Seed()), []string{hex.EncodeToString(public)}
	}
	if slices.ContainsFunc(c.Method, func(m string) bool { return m != "cryptosign" }) {
		password, err := readPassword(s)
		if err != nil {
			return err
		}
		if err := made.derive(c.Method, password); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(s.out, struct {
			entry
			PrivateKey string `json:"private_key,omitempty"`
		}{made, private})
	}
	return made.print(s.out, private)
}

// derive computes the values that the configuration keeps instead of the password.
func (e *entry) derive(methods []string, password string) error {
	for _, method := range methods {
		switch method {
		case "ticket":
			hash, err := auth.HashPassword(password)
			if err != nil {
				return err
			}
			e.Password = hash
		case "wampcra":
			cra, err := auth.NewCRA(password)
			if err != nil {
				return err
			}
			e.CRA = &craEntry{cra.Key, cra.Salt, cra.Iterations, cra.KeyLen}
		case "wamp-scram":
			scram, err := auth.NewSCRAM(password)
			if err != nil {
				return err
			}
			e.SCRAM = &scramEntry{scram.Salt, scram.KDF, scram.Iterations, scram.Memory, scram.StoredKey, scram.ServerKey}
		}
	}
	return nil
}

func (e *entry) print(out io.Writer, private string) error {
	var b strings.Builder
	if private != "" {
		fmt.Fprintf(&b, "private key  %s\n\n", private)
	}
	fmt.Fprintf(&b, "For tidings.yaml:\n\nauth:\n  users:\n    - authid: %s\n", quoted(e.AuthID))
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "      %s: %s\n", key, value)
		}
	}
	line("name", quoted(e.Name))
	line("roles", list(e.Roles))
	line("tenant", quoted(e.Tenant))
	line("password", quoted(e.Password))
	if c := e.CRA; c != nil {
		line("wampcra", fmt.Sprintf("{key: %s, salt: %s, iterations: %d, keylen: %d}", quoted(c.Key), quoted(c.Salt), c.Iterations, c.KeyLen))
	}
	if s := e.SCRAM; s != nil {
		line("scram", fmt.Sprintf("{salt: %s, kdf: %s, iterations: %d, memory: %d,\n        stored_key: %s, server_key: %s}",
			quoted(s.Salt), s.KDF, s.Iterations, s.Memory, quoted(s.StoredKey), quoted(s.ServerKey)))
	}
	line("cryptosign", list(e.Cryptosign))
	_, err := io.WriteString(out, b.String())
	return err
}

// quoted returns a text as a JSON string, which YAML reads as well, and escapes the variables of the configuration.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	form, err := json.Marshal(strings.ReplaceAll(text, "${", "$${"))
	if err != nil { // impossible: every string has a form in JSON
		return ""
	}
	return string(form)
}

func list(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	var elements []string
	for _, text := range texts {
		elements = append(elements, quoted(text))
	}
	return "[" + strings.Join(elements, ", ") + "]"
}

// maxPasswordLine bounds the length of the line that is read.
const maxPasswordLine = 4096

// readPassword asks twice for a password at a terminal, without showing it. Without a terminal it reads one line.
func readPassword(s streams) (string, error) {
	if file, ok := s.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return askPassword(s, int(file.Fd()))
	}
	if s.in == nil {
		return "", badUsage("the password is read from the standard input, and there is none")
	}
	line, err := bufio.NewReader(io.LimitReader(s.in, maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", badUsage("the password is missing: write it into the standard input")
	}
	return line, nil
}

func askPassword(s streams, terminal int) (string, error) {
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(s.err, prompt)
		line, err := term.ReadPassword(terminal)
		fmt.Fprintln(s.err)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(line)
	}
	if typed[0] != typed[1] {
		return "", badUsage("the two passwords are not the same")
	}
	return typed[0], nil
}
