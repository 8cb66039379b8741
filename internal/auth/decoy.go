package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// decoy plays the users who do not exist, so that a stranger cannot tell them from those who do: what
// a CHALLENGE shows is the same each time for the same authid, and looks like that of the others.
type decoy struct {
	seed  []byte
	cras  []CRA // one of them, but for salt and key
	scram scramSecret
	roles [][]string
	pass  *passwordHash
}

// newDecoy takes its looks from the users. Without a seed of theirs (a webhook knows the users) it
// is one of its own, which a restart changes.
func newDecoy(users *Users, seed []byte) *decoy {
	if len(seed) == 0 {
		seed = users.seed()
	}
	if len(seed) == 0 {
		seed = make([]byte, sha256.Size)
		rand.Read(seed) // never fails: the runtime ends the program instead
	}
	d := &decoy{
		seed:  seed,
		scram: scramSecret{kdf: KDFArgon2id, iterations: DefaultTime, memory: DefaultMemory},
		pass:  &passwordHash{memory: DefaultMemory, time: DefaultTime, threads: 1, salt: make([]byte, saltBytes), hash: make([]byte, sha256.Size)},
	}
	if users != nil {
		d.lookLike(users)
	}
	if len(d.cras) == 0 {
		d.cras = []CRA{{Salt: "some", Iterations: DefaultCRAIterations, KeyLen: DefaultCRAKeyLen}}
	}
	return d
}

func (d *decoy) lookLike(users *Users) {
	for _, u := range users.first { // the last one wins is as good as any: they are usually made alike
		if u.cra != nil { // but for this: with a secret of its own a user has no salt
			d.cras = append(d.cras, *u.cra)
		}
		if u.scram != nil {
			d.scram.kdf, d.scram.iterations, d.scram.memory = u.scram.kdf, u.scram.iterations, u.scram.memory
		}
		if u.password != nil {
			d.pass.memory, d.pass.time, d.pass.threads = u.password.memory, u.password.time, u.password.threads
		}
		d.roles = append(d.roles, u.who.Roles)
	}
}

// user makes the one that an authid would be.
func (d *decoy) user(authid string) *user {
	cra, scram := d.cras[int(d.derive("wampcra", authid)[0])%len(d.cras)], d.scram
	if cra.Salt != "" {
		cra.Salt = base64.StdEncoding.EncodeToString(d.derive("wampcra salt", authid)[:saltBytes])
	}
	cra.Key = base64.StdEncoding.EncodeToString(d.derive("wampcra key", authid))
	scram.salt = base64.StdEncoding.EncodeToString(d.derive("scram salt", authid)[:saltBytes])
	scram.storedKey, scram.serverKey = d.derive("scram stored key", authid), d.derive("scram server key", authid)
	u := &user{provider: providerStatic, cra: &cra, scram: &scram, password: d.pass}
	u.who.ID = authid
	if len(d.roles) > 0 { // the challenge of wampcra shows the role
		u.who.Roles = d.roles[int(d.derive("role", authid)[0])%len(d.roles)]
	}
	return u
}

func (d *decoy) derive(what, authid string) []byte {
	mac := hmac.New(sha256.New, d.seed)
	mac.Write([]byte(what + "\x00" + authid))
	return mac.Sum(nil)
}
