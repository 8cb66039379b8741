package main

import (
	"fmt"
	"testing"
)

// Section 8.1: text is UTF-8. Text that cannot become valid anymore fails at once.

var goodTexts = []string{
	"Hello-µ@ßöäüàá-UTF-8!!",
	"κόσμε",
	"\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010fffd", "\U0010ffff",
	"\ufdd0", "\ufffe", "\U0001fffe", // no characters, and valid
	"\U0001f600\U0001f680",
}

// badTexts are texts that no continuation makes valid.
var badTexts = []string{
	"\x80", "\xbf", "\xc0\x80", "\xc0\xaf", "\xc1\xbf", // continuations alone, overlong forms
	"\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
	"\xed\xa0\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbf\xbf", // surrogates
	"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", // above U+10FFFF
	"\xfe", "\xff", "\xfe\xff",
	"\xc3(", "\xe2\x82(", "\xf0\x9f\x98(", "a\xe2(", // broken off
	"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
}

// openTexts are texts that end in the middle of a character.
var openTexts = []string{"\xc2", "\xe1", "\xe1\xbd", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "\xed\x9f", "\xf4\x8f\xbf"}

func TestTextIsUTF8(t *testing.T) {
	t.Parallel()
	var exchanges []exchange
	add := func(name string, send []string, answers ...want) {
		exchanges = append(exchanges, exchange{name, send, answers})
	}
	for _, good := range goodTexts {
		add(fmt.Sprintf("%+q", good), to(frameOf(finText, good)), wantText(good))
		add(fmt.Sprintf("%+q byte by byte", good), pieces(frameOf(finText, good), 1), wantText(good))
		for cut := 1; cut < len(good) && cut < 8; cut++ {
			add(fmt.Sprintf("%+q in fragments cut at %d", good, cut), to(frameOf(text, good[:cut]), frameOf(finPing, "p"), frameOf(finCont, good[cut:])), wantPong("p"), wantText(good))
		}
	}
	for _, bad := range badTexts {
		add(fmt.Sprintf("%q", bad), to(frameOf(finText, bad)), fails(1007)...)
		add(fmt.Sprintf("%q byte by byte", bad), pieces(frameOf(finText, bad), len(bad)+5), fails(1007)...)
		for cut := 1; cut < len(bad) && cut < 6; cut++ {
			add(fmt.Sprintf("%q in fragments cut at %d", bad, cut), to(frameOf(text, bad[:cut])+frameOf(finCont, bad[cut:])), fails(1007)...)
		}
		add(fmt.Sprintf("%q as a binary", bad), to(frameOf(finBinary, bad)), wantBinary(bad))
	}
	for _, open := range openTexts {
		add(fmt.Sprintf("%q and no more", open), to(frameOf(finText, "abc"+open)), fails(1007)...)
		add(fmt.Sprintf("%q and no more, in fragments", open), to(frameOf(text, "abc"+open)+frameOf(finCont, "")), fails(1007)...)
		add(fmt.Sprintf("%q and something else", open), to(frameOf(text, "abc"+open)+frameOf(cont, "x")), fails(1007)...)
	}
	play(t, exchanges)
}

// The rest of the message is never sent, so a reader that waits for the rest waits for ever.
func TestInvalidTextFailsBeforeTheMessageIsComplete(t *testing.T) {
	t.Parallel()
	var exchanges []exchange
	for _, bad := range badTexts {
		exchanges = append(exchanges,
			exchange{fmt.Sprintf("%q in a frame", bad), to(announced(finText, 1000) + masked(bad)), fails(1007)},
			exchange{fmt.Sprintf("%q in a fragment", bad), to(frameOf(text, bad)), fails(1007)},
			exchange{fmt.Sprintf("%q in the second of three", bad), to(frameOf(text, "κόσμε"), frameOf(cont, bad)), fails(1007)})
	}
	play(t, exchanges)
}
