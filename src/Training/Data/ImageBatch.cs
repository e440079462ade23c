namespace Atelier.Training.Data;

/// <summary>Decoded images of consecutive positions.</summary>
/// <param name="Pixels">uint8 [N, 3, H, W].</param>
/// <param name="Labels">float32 [N, labelDim]; empty without labels.</param>
/// <param name="FirstPosition">The position (images shown so far) of the first one.</param>
public sealed record ImageBatch(byte[] Pixels, float[] Labels, long FirstPosition);
