namespace Atelier.Core.Specs;

/// <summary>What a spec takes from a dataset.</summary>
/// <param name="Width">Columns of pixels of its images, before any resizing.</param>
/// <param name="Height">Rows of pixels of its images, before any resizing.</param>
/// <param name="LabelDim">Length of a label; 0 without labels.</param>
/// <param name="Count">Usable images.</param>
/// <param name="Digest">Hash of names, contents and labels; empty where it is not known.</param>
public sealed record DatasetFacts(int Width, int Height, int LabelDim, long Count, string Digest = "")
{
    /// <summary>The size of its images.</summary>
    public Resolution Resolution => new(Height, Width);
}
