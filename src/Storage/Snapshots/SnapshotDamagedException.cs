namespace Atelier.Storage.Snapshots;

/// <summary>A snapshot cannot be used. The message is a clause that completes "snapshot X refused: …".</summary>
public sealed class SnapshotDamagedException : UserErrorException
{
    /// <summary>Damage without a description; prefer the constructors with a message.</summary>
    public SnapshotDamagedException()
    {
    }

    /// <summary>What is wrong.</summary>
    /// <param name="message">A clause such as "slice-00 is missing".</param>
    public SnapshotDamagedException(string message) : base(message)
    {
    }

    /// <summary>What is wrong, and how it surfaced.</summary>
    /// <param name="message">A clause such as "slice-00 is missing".</param>
    /// <param name="innerException">The exception in which it surfaced.</param>
    public SnapshotDamagedException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
