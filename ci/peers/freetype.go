// Go's freetype and image/png: prints name, median milliseconds and bytes of each scene.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/golang/freetype"
	"github.com/golang/freetype/raster"
	"github.com/golang/freetype/truetype"
	"golang.org/x/image/math/fixed"
)

const fonts = "/usr/share/fonts/truetype/dejavu/"

var regular, bold = font("DejaVuSans.ttf"), font("DejaVuSans-Bold.ttf")

func font(file string) *truetype.Font {
	bytes, err := os.ReadFile(fonts + file)
	check(err)
	font, err := freetype.ParseFont(bytes)
	check(err)
	return font
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "freetype:", err)
		os.Exit(70)
	}
}

func text(to *image.RGBA, font *truetype.Font, size float64, ink color.Color, x, y int, words string) {
	context := freetype.NewContext()
	context.SetDPI(72)
	context.SetFont(font)
	context.SetFontSize(size)
	context.SetClip(to.Bounds())
	context.SetDst(to)
	context.SetSrc(image.NewUniform(ink))
	_, err := context.DrawString(words, freetype.Pt(x, y))
	check(err)
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func fill(to *image.RGBA, x0, y0, x1, y1 int, ink color.Color) {
	draw.Draw(to, image.Rect(x0, y0, x1, y1), image.NewUniform(ink), image.Point{}, draw.Over)
}

func encode(picture image.Image) []byte {
	var out bytes.Buffer
	check(png.Encode(&out, picture))
	return out.Bytes()
}

func card(flat bool) []byte {
	const width, height = 1200, 630
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := 0; y < height; y++ {
		for x := 0; x < width; x++ {
			ink := rgb(0x1e293b)
			if !flat {
				part := float64(x+2*y) / (width + 2*height)
				mix := func(a, b float64) uint8 { return uint8(a + (b-a)*part) }
				ink = color.RGBA{mix(79, 14), mix(70, 165), mix(229, 233), 255}
			}
			picture.SetRGBA(x, y, ink)
		}
	}
	fill(picture, 48, 48, width-48, height-48, color.NRGBA{255, 255, 255, 244})
	fill(picture, 116, 150, 200, 160, rgb(0x4f46e5))
	text(picture, bold, 76, rgb(0x0f172a), 116, 258, "Prove a release")
	text(picture, bold, 76, rgb(0x0f172a), 116, 353, "before it ships")
	text(picture, regular, 33, rgb(0x475569), 116, 430, "Load it, break it, and let its objectives decide.")
	text(picture, regular, 25, rgb(0x64748b), 116, 530, "proofmark 0.1")
	return encode(picture)
}

func chart() []byte {
	const left, top, right, bottom = 70, 80, 780, 360
	picture := image.NewRGBA(image.Rect(0, 0, 800, 400))
	fill(picture, 0, 0, 800, 400, color.White)
	text(picture, bold, 19, rgb(0x0f172a), 20, 38, "Request latency")
	for row := 0; row <= 6; row++ {
		y := bottom - (bottom-top)*row/6
		fill(picture, left, y, right, y+1, rgb(0xe8ecf1))
		text(picture, regular, 12, rgb(0x5b677a), 20, y+4, fmt.Sprintf("%d ms", row*10))
	}
	for column := 0; column < 6; column++ {
		text(picture, regular, 12, rgb(0x5b677a), left+(right-left)*column/6, 380, fmt.Sprintf("00:%d0", column))
	}
	inks := []color.RGBA{rgb(0x2563eb), rgb(0xf97316), rgb(0x059669)}
	for shift, name := range []string{"p50", "p95", "p99"} {
		fill(picture, 20+80*shift, 58, 34+80*shift, 62, inks[shift])
		text(picture, regular, 12, rgb(0x5b677a), 40+80*shift, 64, name)
		var path raster.Path
		for at := 0; at < 300; at++ {
			value := (0.02 + float64(shift)/100) * (1 + math.Sin(float64(at)/20+float64(shift))/3) / 0.06
			point := fixed.Point26_6{
				X: fixed.Int26_6((left + float64(at)/299*(right-left)) * 64),
				Y: fixed.Int26_6((bottom - value*(bottom-top)) * 64),
			}
			if at == 0 {
				path.Start(point)
			} else {
				path.Add1(point)
			}
		}
		rasterizer := raster.NewRasterizer(800, 400)
		raster.Stroke(rasterizer, path, fixed.I(2), raster.RoundCapper, raster.RoundJoiner)
		painter := raster.NewRGBAPainter(picture)
		painter.SetColor(inks[shift])
		rasterizer.Rasterize(painter)
	}
	return encode(picture)
}

func measure(name string, rounds int, draw func() []byte) {
	times := make([]float64, 0, rounds)
	size := 0
	for round := -5; round < rounds; round++ {
		start := time.Now()
		size = len(draw())
		if round >= 0 {
			times = append(times, float64(time.Since(start).Microseconds())/1e3)
		}
	}
	sort.Float64s(times)
	fmt.Printf("%s %.3f %d\n", name, times[len(times)/2], size)
}

func main() {
	rounds, err := strconv.Atoi(os.Args[1])
	check(err)
	measure("card-gradient", rounds, func() []byte { return card(false) })
	measure("card-flat", rounds, func() []byte { return card(true) })
	measure("chart", rounds, chart)
}
