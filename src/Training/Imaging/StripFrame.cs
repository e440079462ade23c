namespace Atelier.Training.Imaging;

/// <summary>One picture of an <see cref="ImageStrip"/>.</summary>
/// <param name="Caption">Above the picture, one line.</param>
/// <param name="Image">The picture, of any size.</param>
public sealed record StripFrame(string Caption, RgbImage Image);
