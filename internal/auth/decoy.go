package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// decoy makes credentials for users that do not exist. It defends against user enumeration: without it a stranger
// could find out from the CHALLENGE, or from the time of the answer, which authids exist. The decoy of an authid is
// the same each time, and has the form of the existing users' credentials.
type decoy struct {
	seed      []byte
	craShapes []CRA // one is chosen for each decoy, which replaces salt and key
	scram     scramSecret
	roles     [][]string
	password  *passwordHash
}

// newDecoy returns a decoy that imitates the users. Without a seed of the configuration or the users, which is the
// case if a user source has all users, the seed is random and changes with each restart.
func newDecoy(users *Users, seed []byte) *decoy {
	if len(seed) == 0 {
		seed = users.seed()
	}
	if len(seed) == 0 {
		seed = make([]byte, sha256.Size)
		rand.Read(seed) // cannot fail: crypto/rand ends the program instead
	}
	d := &decoy{
		seed:     seed,
		scram:    scramSecret{kdf: KDFArgon2id, iterations: DefaultTime, memory: DefaultMemory},
		password: &passwordHash{memory: DefaultMemory, time: DefaultTime, threads: 1, salt: make([]byte, saltBytes), hash: make([]byte, sha256.Size)},
	}
	if users != nil {
		d.imitate(users)
	}
	if len(d.craShapes) == 0 {
		d.craShapes = []CRA{{Salt: "some", Iterations: DefaultCRAIterations, KeyLen: DefaultCRAKeyLen}}
	}
	return d
}

// imitate copies the parameters of the users' credentials.
func (d *decoy) imitate(users *Users) {
	for _, u := range users.inOrder { // the last user determines scram and password: users usually have equal parameters
		if u.cra != nil { // users differ here: a user with a plain secret has no salt
			d.craShapes = append(d.craShapes, *u.cra)
		}
		if u.scram != nil {
			d.scram.kdf, d.scram.iterations, d.scram.memory = u.scram.kdf, u.scram.iterations, u.scram.memory
		}
		if u.password != nil {
			d.password.memory, d.password.time, d.password.threads = u.password.memory, u.password.time, u.password.threads
		}
		d.roles = append(d.roles, u.profile.Roles)
	}
}

// user returns the decoy of an authid.
func (d *decoy) user(authid string) *user {
	cra, scram := d.craShapes[int(d.derive("wampcra", authid)[0])%len(d.craShapes)], d.scram
	if cra.Salt != "" {
		cra.Salt = base64.StdEncoding.EncodeToString(d.derive("wampcra salt", authid)[:saltBytes])
	}
	cra.Key = base64.StdEncoding.EncodeToString(d.derive("wampcra key", authid))
	scram.salt = base64.StdEncoding.EncodeToString(d.derive("scram salt", authid)[:saltBytes])
	scram.storedKey, scram.serverKey = d.derive("scram stored key", authid), d.derive("scram server key", authid)
	u := &user{provider: providerStatic, cra: &cra, scram: &scram, password: d.password}
	u.profile.ID = authid
	if len(d.roles) > 0 { // the challenge of wampcra shows the role
		u.profile.Roles = d.roles[int(d.derive("role", authid)[0])%len(d.roles)]
	}
	return u
}

func (d *decoy) derive(what, authid string) []byte {
	mac := hmac.New(sha256.New, d.seed)
	mac.Write([]byte(what + "\x00" + authid))
	return mac.Sum(nil)
}
