namespace Orleans;

/// <summary>Grains whose key is a 64-bit integer.</summary>
public interface IGrainWithIntegerKey : IGrain;
