using System.Runtime.InteropServices;
using System.Text;
using Atelier.Training.Interop;

namespace Atelier.Training.Imaging;

/// <summary>Renders SVG documents, our own drawings, to pixels.</summary>
public static class SvgRenderer
{
    /// <summary>Renders a document.</summary>
    /// <param name="svg">The document's text.</param>
    /// <param name="background">The colour where nothing is drawn.</param>
    /// <param name="scale">Pixels per user unit.</param>
    /// <exception cref="ImageFormatException">The text is no SVG document.</exception>
    public static RgbImage Render(string svg, RgbColor background, double scale = 1)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(svg);
        var status = ImageLibrary.Svg(
            in MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, scale, background.Packed,
            out var planes, out var width, out var height);
        using (planes)
        {
            ImageCodec.ThrowOnFailure(status);
            return new RgbImage(width, height, planes.ToArray(new ImageSize(width, height).ImageBytes));
        }
    }
}
