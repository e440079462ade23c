namespace Orleans;

/// <summary>Why an activation ends, in a code and in words.</summary>
public readonly struct DeactivationReason
{
    /// <summary>A reason.</summary>
    public DeactivationReason(DeactivationReasonCode code, string text)
        : this(code, null, text)
    {
    }

    /// <summary>A reason that is a failure.</summary>
    public DeactivationReason(DeactivationReasonCode code, Exception? exception, string text)
    {
        ReasonCode = code;
        Exception = exception;
        Description = text;
    }

    /// <summary>The code.</summary>
    public DeactivationReasonCode ReasonCode { get; }

    /// <summary>The words.</summary>
    public string Description { get; }

    /// <summary>The failure, if it is one.</summary>
    public Exception? Exception { get; }

    /// <summary>Code and words.</summary>
    public override string ToString() => $"{ReasonCode}: {Description}";
}
