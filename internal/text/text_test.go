package text_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/text"
)

func TestControlCharactersAreNotPrintable(t *testing.T) {
	for _, test := range []struct {
		text, except string
		want         bool
	}{
		{"", "", true},
		{"Ann Müller 🚲", "", true},
		{"one\ntwo\tthree", "", false},
		{"one\ntwo\tthree", "\n\t", true},
		{"one\rtwo", "\n\t", false},
		{"a\x00b", "", false},
		{"a\u0085b", "", false}, // NEL, a control character of Unicode
		{"a\xffb", "", false},
		{"a\xffb", "\n", false},
	} {
		if got := text.Printable(test.text, test.except); got != test.want {
			t.Errorf("%q but for %q: %t", test.text, test.except, got)
		}
	}
}

// hiddenIn holds texts with exactly one character that is not seen, behind "a" and before "b" unless the case needs other
// neighbors.
var hiddenIn = map[string]string{
	"zero width space":             "a\u200bb",
	"joiner between letters":       "a\u200db",
	"joiner at the end":            "\U0001f469\u200d",
	"joiner at the beginning":      "\u200d\U0001f469",
	"non-joiner between letters":   "a\u200cb",
	"non-joiner at the end":        "\u0645\u06cc\u200c",
	"word joiner":                  "a\u2060b",
	"invisible plus":               "a\u2064b",
	"byte order mark":              "a\ufeffb",
	"soft hyphen":                  "a\u00adb",
	"grapheme joiner":              "a\u034fb",
	"Hangul filler":                "a\u3164b",
	"half-width Hangul filler":     "a\uffa0b",
	"Hangul choseong filler":       "a\u115fb",
	"Khmer inherent vowel":         "a\u17b4b",
	"Braille blank":                "a\u2800b",
	"Mongolian vowel separator":    "a\u180eb",
	"object replacement":           "a\ufffcb",
	"interlinear annotation":       "a\ufff9b",
	"left-to-right mark":           "a\u200eb",
	"right-to-left mark":           "a\u200fb",
	"Arabic letter mark":           "a\u061cb",
	"left-to-right embedding":      "a\u202ab",
	"right-to-left embedding":      "a\u202bb",
	"pop directional formatting":   "a\u202cb",
	"left-to-right override":       "a\u202db",
	"right-to-left override":       "a\u202eb",
	"left-to-right isolate":        "a\u2066b",
	"right-to-left isolate":        "a\u2067b",
	"first strong isolate":         "a\u2068b",
	"pop directional isolate":      "a\u2069b",
	"deprecated format character":  "a\u206ab",
	"line separator":               "a\u2028b",
	"paragraph separator":          "a\u2029b",
	"language tag":                 "a\U000e0001b",
	"tag letter":                   "a\U000e0061b",
	"variation selector 1":         "a\ufe00b",
	"variation selector 16":        "a\ufe0fb",
	"variation selector 17":        "a\U000e0100b",
	"two variation selectors":      "\u8fbb\U000e0100\U000e0101",
	"two selectors on an emoji":    "\u2764\ufe0f\ufe0f",
	"Mongolian variation selector": "a\u180bb",
	"private use":                  "a\ue000b",
	"private use of plane 16":      "a\U00100000b",
	"noncharacter":                 "a\uffffb",
	"unassigned":                   "a\u0378b",
	"combining mark in front":      "\u0301b",
}

func TestACharacterThatIsNotSeenIsRefusedAndRemoved(t *testing.T) {
	for name, given := range hiddenIn {
		if text.Check("the name", given, 100) == nil {
			t.Errorf("%s: %+q is taken", name, given)
		}
		if cleaned := text.Clean(given); len([]rune(cleaned)) != len([]rune(given))-1 {
			t.Errorf("%s: %+q became %+q", name, given, cleaned)
		} else if err := text.Check("the name", cleaned, 100); err != nil {
			t.Errorf("%s: %+q is not clean: %v", name, cleaned, err)
		}
	}
}

func TestControlCharactersAreNotRemoved(t *testing.T) {
	for _, given := range []string{"a\x1b[31m", "a\u0085", "a\xff"} {
		if cleaned := text.Clean(given); cleaned != given {
			t.Errorf("%+q became %+q", given, cleaned)
		}
		if text.Check("the name", given, 100) == nil {
			t.Errorf("%+q is taken", given)
		}
	}
}

func TestNamesInAllScriptsAreTakenAsTheyAre(t *testing.T) {
	for script, name := range map[string]string{
		"Latin, composed":             "Zoë Nuñez-O’Brien",
		"Latin, decomposed":           "Nguye\u0302\u0303n Thi\u0323 A\u0301nh",
		"Arabic with vowels":          "مُحَمَّد بْن سَلْمَان",
		"Persian with a non-joiner":   "می\u200cخواهم علی\u200cرضا",
		"Urdu":                        "محمد اقبالؔ",
		"Hebrew with vowels":          "שְׁלֹמֹה בֶּן־דָּוִד",
		"Hebrew with cantillation":    "בְּרֵאשִׁ֖ית",
		"Hindi with a joiner":         "क्\u200dष राज",
		"Hindi with a non-joiner":     "क्\u200cष",
		"Bengali with a joiner":       "র\u200d্যাব",
		"Sinhala with a joiner":       "ක්\u200dෂේම ශ්\u200dරී",
		"Malayalam, old chillu":       "അവന്\u200d",
		"Kannada with a joiner":       "ರ\u200d್ಯಾಂಕ್",
		"Tamil":                       "ஸ்ரீநிவாசன்",
		"Tibetan":                     "བསྒྲུབས་རྒྱལ་མཚན",
		"Thai":                        "ที่รัก น้ำ",
		"Khmer":                       "ស្ត្រី",
		"Korean":                      "김철수 \u1100\u1161\u11a8",
		"Japanese with a variant":     "\u8fbb\U000e0100さん　太郎",
		"Chinese":                     "王小明",
		"Mongolian with a variant":    "ᠮᠣᠩᠭ\u180dᠣᠯ ᠠᠷ\u180eᠠ",
		"family":                      "Ann 👩\u200d👩\u200d👧\u200d👦",
		"skin color and profession":   "👩🏽\u200d🚀 🏃🏾\u200d♀\ufe0f\u200d➡\ufe0f",
		"rainbow flag, pirates":       "🏳\ufe0f\u200d🌈 🏴\u200d☠\ufe0f",
		"flag of a country":           "🇩🇪",
		"flag of Scotland":            "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
		"keycap":                      "1\ufe0f\u20e3 #\ufe0f\u20e3",
		"heart as an emoji, as text":  "❤\ufe0f ❤\ufe0e ❤\ufe0f\u200d🔥",
		"an emoji of a later Unicode": "\U0001fae9",
	} {
		if err := text.Check("the name", name, 256); err != nil {
			t.Errorf("%s: %+q: %v", script, name, err)
		}
		if cleaned := text.Clean(name); cleaned != name {
			t.Errorf("%s: %+q became %+q", script, name, cleaned)
		}
	}
}

func TestALetterCarriesFewMarks(t *testing.T) {
	six := "a" + strings.Repeat("\u0301", 6)
	if err := text.Check("the name", six+"b\u0301", 100); err != nil {
		t.Error(err)
	}
	if text.Check("the name", six+"\u0301", 100) == nil {
		t.Error("a letter with 7 marks is taken")
	}
	if cleaned := text.Clean("a" + strings.Repeat("\u0301", 1000) + "b"); cleaned != six+"b" {
		t.Errorf("cleaned to %d bytes", len(cleaned))
	}
	if spread := "a" + strings.Repeat("\u0301\u200d", 10); len(text.Clean(spread)) > len(six) {
		t.Errorf("marks between joiners became %+q", text.Clean(spread))
	}
}

// A flag of tags is a way to hide text: only those that are in use are taken.
func TestTagsBehindAnotherFlagAreRemoved(t *testing.T) {
	const hidden = "\U0001f3f4\U000e0078\U000e0079\U000e007f"
	if text.Check("the name", hidden, 100) == nil {
		t.Error("it is taken")
	}
	if cleaned := text.Clean(hidden); cleaned != "\U0001f3f4" {
		t.Errorf("%+q", cleaned)
	}
}

func TestACheckSaysWhatIsWrong(t *testing.T) {
	const hidden = "the name must be UTF-8 without control characters, and without direction marks and other characters that are not seen; it has "
	for given, want := range map[string]string{
		"12345":       "",
		"123456":      "the name has 6 bytes; at most 5 are taken",
		"a\tb":        hidden + "U+0009 at byte 2: remove it",
		"ü\u202e":     hidden + "U+202E at byte 3: remove it",
		"a\xff":       "the name must be UTF-8",
		"\u0301":      hidden + "U+0301 at byte 1: remove it",
		"a\u200d\x00": hidden + "U+200D at byte 2: remove it",
	} {
		got := ""
		if err := text.Check("the name", given, 5); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}
