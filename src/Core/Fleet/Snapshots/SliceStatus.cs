namespace Atelier.Core.Fleet.Snapshots;

/// <summary>How far a slice of a snapshot is.</summary>
public enum SliceStatus
{
    /// <summary>Its writer has not reported.</summary>
    Pending,

    /// <summary>It is written, synced and renamed.</summary>
    Durable,

    /// <summary>Its writer could not write it.</summary>
    Failed,
}
