package webtest_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/web/webtest"
)

const sample = `<!DOCTYPE html><html lang="sv"><head><title>Prov</title><meta charset="utf-8"></head><body>
<main id="main"><h1>Prov &amp; mer</h1>
<form method="post" action="/save"><label for="name">Namn</label><input id="name" name="name" value="Jonas">
<label><input type="checkbox" name="why" value="a" checked>A</label><label><input type="checkbox" name="why" value="b">B</label>
<label for="land">Land</label><select id="land" name="land"><option value="SE">Sverige</option><option value="LT" selected>Litauen</option></select>
<label for="text">Text</label><textarea id="text" name="text">två rader</textarea><input type="hidden" name="revision" value="7">
<button name="act" value="save">Spara</button><button name="act" value="drop" formaction="/drop">Ta bort</button></form>
<a href="next?page=2">Nästa</a></main></body></html>`

func echo() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.Method == http.MethodPost {
			_ = r.ParseForm()
			_, _ = io.WriteString(w, "<p>"+r.URL.Path+" "+r.PostForm.Encode()+"</p>")
			return
		}
		if r.URL.Path == "/broken" {
			_, _ = io.WriteString(w, `<html><body><h1>a</h1><h1>b</h1><h4>c</h4><input name="x"><a href="#nowhere"></a><p id="i" style="color:red"></p><p id="i"></p><img src="x"><button onclick="x()">ok</button><script>1</script></body></html>`)
			return
		}
		_, _ = io.WriteString(w, strings.Replace(sample, "Prov &amp;", r.URL.RequestURI()+" &amp;", 1))
	})
}

func TestFormsAreSentAsAPersonWould(t *testing.T) {
	c := webtest.New(t, echo())
	p := c.Get("/form").Is(200).Has("/form & mer").Check()
	p.Form("/save").Set("name", "Åsa").Set("why", "b").Set("land", "SE").Submit("Spara").
		Has("/save act=save&land=SE&name=%C3%85sa&revision=7&text=tv%C3%A5+rader&why=a&why=b")
	p.Form("Ta bort").Untick("why", "a").Submit("Ta bort").Has("/drop act=drop&land=LT&name=Jonas")
	p.Follow("Nästa").Has("/next?page=2")
}

func TestWhatIsWrongIsFound(t *testing.T) {
	faults := strings.Join(webtest.New(t, echo()).Get("/broken").Faults(), "\n")
	for _, want := range []string{"2 h1", "no main", "no title", "no language", `"x"> has no label`, "link to #nowhere", "without words", `id "i" 2 times`, "style=…", "onclick=…", "<script> in the page", "without alt", "h4 after h1"} {
		if !strings.Contains(faults, want) {
			t.Errorf("%q is not found in\n%s", want, faults)
		}
	}
}

func TestSelectors(t *testing.T) {
	p := webtest.New(t, echo()).Get("/x")
	for selector, want := range map[string]int{"input": 4, "input[type=checkbox]": 2, "form input#name": 1, "main form label": 5, "[name=act][value=drop]": 1, "p": 0, "button.none": 0, "#main h1": 1} {
		if got := len(p.All(selector)); got != want {
			t.Errorf("%s finds %d, want %d", selector, got, want)
		}
	}
	if n := p.One("select"); !slices.Equal([]string{n.Attrs["id"], n.Text()}, []string{"land", "Sverige Litauen"}) {
		t.Errorf("select is %v %q", n.Attrs, n.Text())
	}
}
