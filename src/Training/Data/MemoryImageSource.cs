namespace Atelier.Training.Data;

/// <summary>Images in memory: generated datasets.</summary>
public sealed class MemoryImageSource : ImageSource
{
    private readonly byte[][] _encoded;
    private readonly string? _labels;

    /// <summary>Creates a source.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="images">Encoded images (PNG, JPEG, WebP) by name; the order does not matter.</param>
    /// <param name="labels">The text of a <c>dataset.json</c>, or null.</param>
    public MemoryImageSource(string name, IEnumerable<KeyValuePair<string, byte[]>> images, string? labels = null)
    {
        Name = name;
        _labels = labels;
        var ordered = images.OrderBy(i => i.Key, StringComparer.Ordinal).ToArray();
        ImageNames = Array.ConvertAll(ordered, i => i.Key);
        _encoded = Array.ConvertAll(ordered, i => i.Value);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <inheritdoc/>
    public override byte[] Read(int index) => _encoded[index];

    /// <inheritdoc/>
    public override string? ReadLabels() => _labels;
}
