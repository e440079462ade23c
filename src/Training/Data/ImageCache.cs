namespace Atelier.Training.Data;

/// <summary>
/// Decoded images within a budget: those with the lowest indices, as many as fit. Nothing is ever evicted, because an
/// epoch shows every image once, and then any fixed subset hits as often as the best policy.
/// </summary>
/// <remarks>Slots are filled by any threads, one image each, before the first <see cref="Get"/>.</remarks>
internal sealed class ImageCache
{
    private readonly byte[]?[] _images;

    /// <summary>Creates an empty cache.</summary>
    /// <param name="imageCount">Images in the dataset.</param>
    /// <param name="imageBytes">Bytes of one decoded image.</param>
    /// <param name="budgetBytes">The most that all of them may take together.</param>
    public ImageCache(int imageCount, int imageBytes, long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(budgetBytes);
        _images = new byte[]?[(int)Math.Min(imageCount, budgetBytes / imageBytes)];
    }

    /// <summary>The bytes held.</summary>
    public long Bytes => _images.Sum(i => (long)(i?.Length ?? 0));

    /// <summary>Keeps the planes of an image, if it has a slot.</summary>
    public void Add(int index, byte[] planes)
    {
        if (index < _images.Length)
            _images[index] = planes;
    }

    /// <summary>The planes of an image, or null if it is not held.</summary>
    public byte[]? Get(int index) => index < _images.Length ? _images[index] : null;
}
