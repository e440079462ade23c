namespace Orleans.Configuration;

/// <summary>How calls within a silo travel.</summary>
public class SiloMessagingOptions : MessagingOptions;
