namespace Orleans;

/// <summary>Why an activation ends.</summary>
public enum DeactivationReasonCode
{
    /// <summary>No reason.</summary>
    None = 0,

    /// <summary>The silo stops.</summary>
    ShuttingDown = 1,

    /// <summary>The grain could not be activated.</summary>
    ActivationFailed = 2,

    /// <summary>Nobody has called for the collection age.</summary>
    ActivationIdle = 4,

    /// <summary>A call failed in a way that leaves the instance in doubt.</summary>
    ApplicationError = 8,

    /// <summary>The grain asked for it.</summary>
    ApplicationRequested = 9,
}
