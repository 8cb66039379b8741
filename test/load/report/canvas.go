package report

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"regexp"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// panel is one pair of axes: servers downward, a figure to the right.
type panel interface {
	rows() int
	// plot draws room for that many rows, so that the rows of neighboring panels are level.
	plot(rows int) (*plot.Plot, error)
}

// The dimensions of a picture. Two panels are as wide as a page of text.
const (
	columns     = 2
	panelWidth  = vg.Length(330)
	rowHeight   = vg.Length(17)
	panelMargin = vg.Length(62) // title and axis
	padding     = vg.Length(8)
)

// The colors are for a white background, which the picture includes, so that it also suits dark pages.
var (
	ink     = color.NRGBA{0x24, 0x29, 0x2f, 0xff}
	faint   = color.NRGBA{0xe3, 0xe6, 0xea, 0xff}
	accent  = color.NRGBA{0x0a, 0x6c, 0xbd, 0xff} // Tidings
	neutral = color.NRGBA{0x9a, 0xa4, 0xb0, 0xff} // the others
	shadow  = color.NRGBA{0xd0, 0xd5, 0xdb, 0xff} // the floor
)

func colorOf(server string) color.Color {
	switch {
	case isTidings(server):
		return accent
	case isFloor(server):
		return shadow
	}
	return neutral
}

// draw returns the picture as SVG. The same panels give the same bytes.
func (p plotFile) draw() ([]byte, error) {
	rows := 0
	for _, panel := range p.panels {
		rows = max(rows, panel.rows())
	}
	grid, err := p.grid(rows)
	if err != nil {
		return nil, err
	}
	across, down := len(grid[0]), len(grid)
	height := panelMargin + vg.Length(rows)*rowHeight
	svg := vgsvg.New(vg.Length(across)*panelWidth, vg.Length(down)*height)
	canvas := draw.New(svg)
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Path())
	tiles := draw.Tiles{
		Rows: down, Cols: across, PadX: 2 * padding, PadY: 2 * padding,
		PadTop: padding, PadBottom: padding, PadLeft: padding, PadRight: padding,
	}
	for i, line := range plot.Align(grid, tiles, canvas) {
		for j, c := range line {
			if grid[i][j] != nil {
				grid[i][j].Draw(c)
			}
		}
	}
	var out bytes.Buffer
	if _, err := svg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return withCommonFonts(out.Bytes()), nil
}

// grid arranges the panels in lines. The last line may end with nil.
func (p plotFile) grid(rows int) ([][]*plot.Plot, error) {
	across := min(columns, len(p.panels))
	var grid [][]*plot.Plot
	for i, panel := range p.panels {
		drawn, err := panel.plot(rows)
		if err != nil {
			return nil, err
		}
		if i%across == 0 {
			grid = append(grid, make([]*plot.Plot, across))
		}
		grid[i/across][i%across] = drawn
	}
	return grid, nil
}

// svgText is a text as vgsvg writes it: attributes, font size and content.
var svgText = regexp.MustCompile(`<text( [^>]*font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)

// withCommonFonts makes the texts look the same in every browser. It names fonts of the same widths after the font that
// the library knows, and gives each text its width there: a browser with none of these fonts fits its own to it.
func withCommonFonts(svg []byte) []byte {
	svg = svgText.ReplaceAllFunc(svg, func(element []byte) []byte {
		parts := svgText.FindSubmatch(element)
		size, err := strconv.ParseFloat(string(parts[2]), 64)
		if err != nil {
			return element
		}
		length := vg.Length(size)
		face := font.DefaultCache.Lookup(sans(length), length)
		width := face.Width(html.UnescapeString(string(parts[3])))
		return fmt.Appendf(nil, `<text textLength="%.4g" lengthAdjust="spacingAndGlyphs"%s>%s</text>`, width.Points(), parts[1], parts[3])
	})
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
}

func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// axes returns an empty panel with servers from top to bottom and that many rows.
func axes(title, below string, servers []string, rows int) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, below
	p.Title.Padding = 4
	p.Title.TextStyle.Font = sans(11)
	p.Title.TextStyle.Color = ink
	p.X.Label.TextStyle.Font = sans(9)
	p.X.Label.Padding = 2
	p.Y.Padding = 0
	p.X.Padding = 0
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Font = sans(9)
		axis.Color = faint
		axis.Tick.Color = faint
		axis.Tick.Label.Color = ink
		axis.Label.TextStyle.Color = ink
	}
	p.Y.Tick.Length = 0
	p.Y.Min, p.Y.Max = 0.5-float64(rows), 0.5
	names := make([]plot.Tick, len(servers))
	for i, server := range servers {
		names[i] = plot.Tick{Value: place(i), Label: server}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	p.Y.Tick.Label.XAlign, p.Y.Tick.Label.YAlign = text.XRight, text.YCenter
	return p
}

// place returns the position of a row on the axis. The first row is on top.
func place(row int) float64 { return -float64(row) }
