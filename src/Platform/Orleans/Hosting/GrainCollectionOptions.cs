namespace Orleans.Configuration;

/// <summary>When idle activations end.</summary>
public class GrainCollectionOptions
{
    /// <summary>How long an activation is idle before it ends: 15 min unless set.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for: every minute unless set.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>After how long the token of an activation is cancelled: 30 s unless set.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long the token of a deactivation is cancelled: 30 s unless set.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
