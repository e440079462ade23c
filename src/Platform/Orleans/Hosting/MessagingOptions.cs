namespace Orleans.Configuration;

/// <summary>How calls travel.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for a response: 30 s unless set.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
