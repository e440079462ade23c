namespace Atelier.Training.Ops;

/// <summary>The activations of the published bias_act.</summary>
public enum Activation
{
    /// <summary>x</summary>
    Linear,

    /// <summary>max(x, 0)</summary>
    Relu,

    /// <summary>x above 0, α·x below</summary>
    LeakyRelu,

    /// <summary>tanh x</summary>
    Tanh,

    /// <summary>1/(1 + e⁻ˣ)</summary>
    Sigmoid,

    /// <summary>x above 0, eˣ − 1 below</summary>
    Elu,

    /// <summary>The self-normalising scaled ELU (Klambauer et al. 2017)</summary>
    Selu,

    /// <summary>ln(1 + eˣ)</summary>
    Softplus,

    /// <summary>x·sigmoid(x)</summary>
    Swish,
}

/// <summary>The published defaults: gains that keep the variance of a normal input.</summary>
public static class ActivationDefaults
{
    /// <summary>Slope below 0 of <see cref="Activation.LeakyRelu"/>; 0 where there is none.</summary>
    public static double DefaultAlpha(this Activation activation) => activation == Activation.LeakyRelu ? .2 : 0;

    /// <summary>√2 for the rectifiers and swish, 1 for the others.</summary>
    public static double DefaultGain(this Activation activation) =>
        activation is Activation.Relu or Activation.LeakyRelu or Activation.Swish ? Math.Sqrt(2) : 1;
}
