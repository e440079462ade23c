namespace Atelier.Storage.Blobs;

/// <summary>Where blobs are kept, as one string: a folder's path, or `s3://bucket/prefix?endpoint=…`.</summary>
public abstract record StoreLocation
{
    private const string SchemeEnd = "://";

    private StoreLocation()
    {
    }

    /// <summary>A folder.</summary>
    /// <param name="Path">Its path, as given.</param>
    public sealed record Folder(string Path) : StoreLocation
    {
        /// <inheritdoc/>
        public override IBlobStore Open() => new FolderBlobStore(Path);

        /// <inheritdoc/>
        public override string ToString() => Path;
    }

    /// <summary>A bucket of S3 or of a server that speaks its protocol.</summary>
    /// <param name="Address">The bucket, the prefix and how to reach them.</param>
    public sealed record S3(S3Address Address) : StoreLocation
    {
        /// <inheritdoc/>
        public override IBlobStore Open() => new S3BlobStore(Address);

        /// <inheritdoc/>
        public override string ToString() => Address.ToString();
    }

    /// <summary>Reads a location. Nothing is opened.</summary>
    /// <param name="text">A folder's path, or an S3 address as <see cref="S3Address.Parse"/> takes it.</param>
    /// <exception cref="UserErrorException">It is neither.</exception>
    public static StoreLocation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (string.IsNullOrWhiteSpace(text)) throw new UserErrorException("a store is a folder's path or s3://bucket/prefix; nothing was given");
        if (text.StartsWith(S3Address.Scheme, StringComparison.OrdinalIgnoreCase)) return new S3(S3Address.Parse(text));
        if (text.StartsWith("s3:", StringComparison.OrdinalIgnoreCase)) throw new UserErrorException($"`{text}`: an S3 store is written with two slashes, s3://bucket/prefix");
        if (text.Contains(SchemeEnd, StringComparison.Ordinal))
            throw new UserErrorException(
                $"`{text}`: a store is a folder's path or s3://bucket/prefix; another server that speaks S3 is named by s3://bucket/prefix?endpoint=https://HOST");
        return new Folder(text);
    }

    /// <summary>The store there. Nothing is read yet; a store that cannot be reached says so when it is used.</summary>
    public abstract IBlobStore Open();
}
