namespace Atelier.Storage.Blobs;

/// <summary>
/// An S3 store failed; the message says what to change. It is an <see cref="IOException"/>, so whatever copes with a failing
/// disk copes with it: a snapshot that cannot be written is an event, and training goes on.
/// </summary>
public sealed class S3StoreException : IOException
{
    internal S3StoreException(S3Trouble trouble, string message, Exception innerException) : base(message, innerException) => Trouble = trouble;

    /// <summary>What kind of thing went wrong.</summary>
    public S3Trouble Trouble { get; }
}
