namespace Atelier.Storage.Blobs;

/// <summary>A blob is no longer the one that was opened, so the rest of it cannot be read.</summary>
internal sealed class BlobReplacedException(string name) : IOException($"{name} was replaced or deleted while it was read");
